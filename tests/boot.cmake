# Boots under QEMU.  They need the images, so they exist in the release preset alone.
if(UKSTORE_TESTS AND UKSTORE_IMAGES)
  find_package(PkgConfig REQUIRED)
  pkg_check_modules(boot_lmdb REQUIRED IMPORTED_TARGET lmdb)
  ukstore_tests(boot PkgConfig::boot_lmdb)
  target_compile_definitions(tests_boot PRIVATE
    UKSTORE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" UKSTORE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_dependencies(tests_boot image_hello image_arguments image_probe image_commits image_frames image_suite
                   image_services image_web image_rpc image_figures trap_images)
endif()
