# Sizes that only matter at full speed, and memory that sanitizers blur: built without them, in the
# release preset.
if(UKSTORE_TESTS AND NOT UKSTORE_SANITIZE)
  ukstore_tests(scale ukstore_store)
endif()
