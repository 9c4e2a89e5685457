# ukstore_image(NAME SOURCES file... [LIBS library...]): the image NAME, as
#   build/PRESET/images/NAME.elf     what boots: stripped, checked for loaders' rules
#   build/PRESET/images/NAME.debug   the same with symbols and debug information, for gdb
# The same file runs as a Linux process.  Link order among LIBS is the caller's: -lcapnp-rpc -lcapnp
# -lkj-async -lkj.
function(ukstore_image name)
  cmake_parse_arguments(image "" "" "SOURCES;LIBS" ${ARGN})
  set(target image_${name})
  add_executable(${target} ${image_SOURCES} $<TARGET_OBJECTS:ukstore_libos_core>)
  set(script ${CMAKE_SOURCE_DIR}/libos/core/image.ld)
  set_target_properties(${target} PROPERTIES POSITION_INDEPENDENT_CODE OFF LINK_DEPENDS ${script}
                        OUTPUT_NAME ${name}.debug
                        RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/images)
  target_include_directories(${target} PRIVATE ${UKSTORE_INCLUDE})
  target_compile_options(${target} PRIVATE -fno-pie -fstack-protector-strong -ffunction-sections
                         -fdata-sections -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
                         -ffile-prefix-map=${CMAKE_BINARY_DIR}/include/ukstore=.)
  target_link_libraries(${target} PRIVATE ukstore_options ${image_LIBS})
  target_link_options(${target} PRIVATE -static -no-pie -T ${script} -Wl,-z,max-page-size=0x200000
                      -Wl,--build-id=sha1 -Wl,--gc-sections -Wl,--no-warn-rwx-segments
                      -Wl,-u,libos_pvh_entry)
  add_custom_command(TARGET ${target} POST_BUILD
    COMMAND ${CMAKE_OBJCOPY} --strip-all ${name}.debug ${name}.elf
    WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/images BYPRODUCTS ${CMAKE_BINARY_DIR}/images/${name}.elf)
endfunction()
