if(UKSTORE_TESTS AND TARGET ukstore_sync)
  ukstore_tests(sim ukstore_sync)
endif()
