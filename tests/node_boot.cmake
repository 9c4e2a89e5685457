# Nodes as machines under QEMU, beside nodes as processes, in a network namespace of the test's own.  They
# need the images, so they exist in the release preset alone, and root; they skip without.
if(UKSTORE_TESTS AND UKSTORE_IMAGES AND TARGET image_node)
  ukstore_tests(node_boot ukstore_sync)
  if(TARGET tests_node_boot)
    target_sources(tests_node_boot PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/boot/machine.cc
                   ${CMAKE_CURRENT_SOURCE_DIR}/boot/network_namespace.cc)
    target_compile_definitions(tests_node_boot PRIVATE
      UKSTORE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" UKSTORE_BINARY_DIR="${CMAKE_BINARY_DIR}")
    add_dependencies(tests_node_boot image_node ukstore)
  endif()
endif()
