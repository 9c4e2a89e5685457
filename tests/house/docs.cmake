# The code blocks of the documentation, compiled and run (blocks.py tells which).
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(here ${CMAKE_CURRENT_LIST_DIR})
set(out ${CMAKE_CURRENT_BINARY_DIR}/docs)
file(GLOB pages CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/*.md ${CMAKE_SOURCE_DIR}/docs/*.md
     ${CMAKE_SOURCE_DIR}/docs/decisions/*.md ${CMAKE_SOURCE_DIR}/bench/*.md)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pages} ${here}/blocks.py)

execute_process(COMMAND ${Python3_EXECUTABLE} ${here}/blocks.py ${out} ${pages}
                OUTPUT_VARIABLE blocks COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" blocks "${blocks}")
foreach(block ${blocks})
  string(REGEX REPLACE "^[a-z]+ " "" name ${block})
  set(scratch ${out}/${name}.scratch)
  if(block MATCHES "^cpp ")
    add_executable(docs_${name} ${out}/${name}.cc)
    target_include_directories(docs_${name} PRIVATE ${UKSTORE_INCLUDE})
    target_link_libraries(docs_${name} PRIVATE ukstore_merge)
    set(command $<TARGET_FILE:docs_${name}>)
  else()
    set(command sh ${out}/${name}.sh)
  endif()
  add_test(NAME docs.${name} COMMAND ${here}/in_scratch ${scratch} ${CMAKE_BINARY_DIR} ${command})
  set_tests_properties(docs.${name} PROPERTIES TIMEOUT 120)
endforeach()

add_test(NAME docs.EachBlockSaysWhetherItIsRun
         COMMAND ${Python3_EXECUTABLE} ${here}/blocks.py --check ${pages})
add_test(NAME house.ScriptsKeepTheirPromises COMMAND ${Python3_EXECUTABLE} ${here}/scripts_test.py)
