# What bench/machines runs: a peer of nodes, and the node as the first program of a Linux guest.
if(TARGET ukstore_node AND TARGET image_node)
  add_executable(bench_node_client nodes/client.cc)
  set_target_properties(bench_node_client PROPERTIES OUTPUT_NAME node_client)
  target_include_directories(bench_node_client PRIVATE ${UKSTORE_INCLUDE})
  target_link_libraries(bench_node_client PRIVATE ukstore_options ukstore_sync)

  add_executable(bench_node_guest nodes/guest.cc)
  set_target_properties(bench_node_guest PROPERTIES OUTPUT_NAME node_guest)
  target_include_directories(bench_node_guest PRIVATE ${UKSTORE_INCLUDE})
  target_include_directories(bench_node_guest SYSTEM PRIVATE
                             $<TARGET_PROPERTY:ukstore_sync,INTERFACE_SYSTEM_INCLUDE_DIRECTORIES>)
  set(own ukstore_node ukstore_nearest ukstore_sync ukstore_merge ukstore_store ukstore_libos_kj ukstore_net)
  set(guest_archives)
  foreach(library ${own})
    list(APPEND guest_archives $<TARGET_FILE:${library}>)
  endforeach()
  add_dependencies(bench_node_guest ${own})
  target_link_libraries(bench_node_guest PRIVATE ukstore_options ${guest_archives} lmdb xxhash capnp-rpc capnp
                        kj-tls kj-async kj ssl crypto)
  target_link_options(bench_node_guest PRIVATE -static -Wl,--gc-sections)
endif()
