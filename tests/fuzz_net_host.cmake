if(UKSTORE_FUZZ)
  ukstore_fuzz(wire_parsers ukstore_net)
  ukstore_fuzz(stack_frames ukstore_net)
endif()
