# What replicas send each other, beside the information in it.
if(TARGET ukstore_sync)
  ukstore_bench(sync sync/sync_ours.cc LIBS ukstore_sync)
endif()
# A clone beside git's, both as processes.
ukstore_bench(clone_git sync/clone_git.cc exchange/git_child.cc)
target_compile_definitions(bench_clone_git PRIVATE UKSTORE_BINARY="$<TARGET_FILE:ukstore>")
add_dependencies(bench_clone_git ukstore)
