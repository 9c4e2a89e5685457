# The stack on a TAP device against real peers, in a network namespace of the test's own.  They
# need root and skip without.
if(UKSTORE_TESTS AND TARGET image_echo)
  ukstore_tests(net_tap ukstore_net)
  if(TARGET tests_net_tap)
    target_compile_definitions(tests_net_tap PRIVATE UKSTORE_ECHO="$<TARGET_FILE:image_echo>")
    add_dependencies(tests_net_tap image_echo)
  endif()
endif()
