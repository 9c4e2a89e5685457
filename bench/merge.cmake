# Merging values beside libgit2; Yjs and Loro run in Node (merge/node/crdt_peers).
ukstore_bench(merge_values merge/values_ours.cc LIBS ukstore_merge)
# Gets through a Branch beside raw LMDB, on the data of the store's benchmarks.
ukstore_bench(merge_get merge/get_ours.cc store/get_peer.cc LIBS bench_store ukstore_merge)
pkg_check_modules(libgit2 IMPORTED_TARGET libgit2)
if(TARGET PkgConfig::libgit2)
  ukstore_bench(merge_bases merge/bases.cc merge/bases_git.cc LIBS ukstore_merge PkgConfig::libgit2)
endif()
