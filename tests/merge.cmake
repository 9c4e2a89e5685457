if(TARGET ukstore_merge AND UKSTORE_TESTS)
  ukstore_tests(merge ukstore_merge)
  ukstore_tests(threads_merge ukstore_merge)
  # The law kit and the bounds: at full speed in the release preset, fewer under the sanitizers.
  ukstore_tests(scale_merge ukstore_merge)
endif()
if(TARGET ukstore_merge AND UKSTORE_FUZZ)
  ukstore_fuzz(merge_state ukstore_merge)
endif()
