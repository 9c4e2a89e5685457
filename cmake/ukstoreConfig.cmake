# find_package(ukstore) gives ukstore::store, ukstore::merge, ukstore::exchange and ukstore::sync.
# LMDB, xxHash and libarchive come without CMake packages of their own, so
# pkg-config finds them.
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
find_dependency(OpenSSL)
find_dependency(Threads)
# Its own check for libatomic fails in a project without C.
if(NOT CMAKE_C_COMPILER AND NOT DEFINED FOUND_LIBATOMIC)
  set(FOUND_LIBATOMIC TRUE)
endif()
find_dependency(CapnProto)
foreach(module lmdb libxxhash libarchive)
  string(REPLACE "libxx" "xx" name ${module})
  if(NOT TARGET PkgConfig::${name})
    pkg_check_modules(${name} QUIET IMPORTED_TARGET GLOBAL ${module})
  endif()
  if(NOT TARGET PkgConfig::${name})
    set(ukstore_FOUND FALSE)
    set(ukstore_NOT_FOUND_MESSAGE "ukstore needs ${module}, which pkg-config does not find")
    return()
  endif()
endforeach()
include(${CMAKE_CURRENT_LIST_DIR}/ukstoreTargets.cmake)
