# ukstore_image(NAME SOURCES file... [LIBS library...]): the image NAME, as
#   build/PRESET/images/NAME.elf     what boots: stripped, checked for loaders' rules
#   build/PRESET/images/NAME.debug   the same with symbols and debug information, for gdb
# The same file runs as a Linux process.  LIBS are our own static libraries, by target, and archives of
# the system, by name; the order is the caller's, and nothing is added: what a library of ours needs
# stands behind it (capnp-rpc capnp kj-async kj).
#
# It is linked twice: the names of the functions of the first link become a table in the second.  The
# table lies behind the code, so no address in it changes.
function(ukstore_image name)
  cmake_parse_arguments(image "" "" "SOURCES;LIBS" ${ARGN})
  set(target image_${name})
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}_symbols)
  set(script ${CMAKE_SOURCE_DIR}/libos/core/image.ld)
  add_library(${target}_objects OBJECT ${image_SOURCES} ${CMAKE_SOURCE_DIR}/libos/program/left_out.cc)
  set_target_properties(${target}_objects PROPERTIES POSITION_INDEPENDENT_CODE OFF)
  target_include_directories(${target}_objects PRIVATE ${UKSTORE_INCLUDE})
  target_compile_options(${target}_objects PRIVATE -fno-pie -fstack-protector-strong
    -ffunction-sections -fdata-sections)
  target_link_libraries(${target}_objects PRIVATE ukstore_options)
  # By file: the targets' own dependencies lead to shared libraries.
  set(archives)
  foreach(library ${image_LIBS})
    if(TARGET ${library})
      list(APPEND archives $<TARGET_FILE:${library}>)
      list(APPEND own ${library})
    else()
      list(APPEND archives ${library})
    endif()
  endforeach()

  add_custom_command(OUTPUT ${folder}/table.S
    COMMAND elf_image symbols $<TARGET_FILE:${target}_unnamed> ${folder}/table.S
    DEPENDS ${target}_unnamed elf_image)
  foreach(stage ${target}_unnamed ${target})
    add_executable(${stage} $<TARGET_OBJECTS:${target}_objects>
                   $<IF:$<STREQUAL:${stage},${target}>,${folder}/table.S,${CMAKE_SOURCE_DIR}/libos/core/no_symbols.S>)
    add_dependencies(${stage} ukstore_libos_object ${own})
    set_target_properties(${stage} PROPERTIES POSITION_INDEPENDENT_CODE OFF LINKER_LANGUAGE CXX
                          LINK_DEPENDS "${script};${UKSTORE_LIBOS_OBJECT}")
    target_link_libraries(${stage} PRIVATE ${UKSTORE_LIBOS_OBJECT} ${archives})
    target_link_options(${stage} PRIVATE -static -no-pie -T ${script} -Wl,-z,max-page-size=0x200000
      -Wl,--build-id=none -Wl,--gc-sections -Wl,--no-warn-rwx-segments -Wl,-u,libos_pvh_entry)
  endforeach()
  file(MAKE_DIRECTORY ${folder})
  set_target_properties(${target}_unnamed PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${folder})
  set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}.debug
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/images)
  add_dependencies(${target} elf_image)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --strip-all ${name}.debug ${name}.elf
    COMMAND elf_image check ${name}.elf
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/images BYPRODUCTS ${CMAKE_BINARY_DIR}/images/${name}.elf)
endfunction()
