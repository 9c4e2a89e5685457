if(UKSTORE_TESTS AND TARGET ukstore_sync)
  ukstore_tests(sync ukstore_sync)
endif()
