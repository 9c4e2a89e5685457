# The store beside raw LMDB and RocksDB. Ours and the peers are files of their own in one program.
add_library(bench_store STATIC store/data.cc store/raw_lmdb.cc store/our_store.cc)
target_include_directories(bench_store PUBLIC ${UKSTORE_INCLUDE})
target_link_libraries(bench_store PRIVATE ukstore_options PUBLIC ukstore_store PkgConfig::lmdb)

ukstore_bench(store_commit store/commit_ours.cc store/commit_peer.cc LIBS bench_store)
ukstore_bench(store_import store/import_ours.cc store/import_peer.cc LIBS bench_store)
ukstore_bench(store_get store/get_ours.cc store/get_peer.cc LIBS bench_store)
ukstore_bench(store_history store/history_ours.cc LIBS bench_store)
if(TARGET PkgConfig::rocksdb)
  target_sources(bench_store_get PRIVATE store/get_rocksdb.cc)
  target_link_libraries(bench_store_get PRIVATE PkgConfig::rocksdb)
endif()
