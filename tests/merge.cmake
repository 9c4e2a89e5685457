if(TARGET ukstore_merge AND UKSTORE_TESTS)
  ukstore_tests(merge ukstore_merge)
endif()
