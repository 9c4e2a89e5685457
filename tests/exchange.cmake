# What tests of histories share, and the program behind tests/real.
if(TARGET ukstore_merge)
  add_library(exchange_support STATIC exchange/git/process.cc exchange/git/history_check.cc
              exchange/git/merge_check.cc)
  target_include_directories(exchange_support PUBLIC ${UKSTORE_INCLUDE})
  target_link_libraries(exchange_support PRIVATE ukstore_options PUBLIC ukstore_merge)
  add_executable(real_histories exchange/real/main.cc)
  target_link_libraries(real_histories PRIVATE ukstore_options exchange_support)
endif()
