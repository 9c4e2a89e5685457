if(UKSTORE_TESTS)
  ukstore_tests(threads ukstore_store)
endif()
