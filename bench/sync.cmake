# What replicas send each other, beside the information in it.
if(TARGET ukstore_sync)
  ukstore_bench(sync sync/sync_ours.cc LIBS ukstore_sync)
endif()
