# Each example says exactly what stands in golden/examples.
if(UKSTORE_TESTS AND NOT UKSTORE_TESTS_ONLY)
  file(GLOB expected CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/golden/examples/*.txt)
  foreach(page ${expected})
    get_filename_component(example ${page} NAME_WE)
    if(TARGET ${example})
      add_test(NAME examples.${example}
               COMMAND sh -c "$<TARGET_FILE:${example}> | diff -u ${page} -")
    endif()
  endforeach()
endif()
