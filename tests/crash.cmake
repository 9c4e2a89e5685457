if(UKSTORE_TESTS)
  ukstore_tests(crash ukstore_store ${CMAKE_DL_LIBS})
endif()
