if(UKSTORE_TESTS)
  ukstore_tests(store ukstore_store)
endif()
