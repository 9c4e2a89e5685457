if(UKSTORE_FUZZ)
  ukstore_fuzz(commit ukstore_store)
  ukstore_fuzz(slice ukstore_store)
endif()
