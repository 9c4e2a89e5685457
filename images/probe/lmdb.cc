// LMDB on the disk: commits, rereading after reopening, large values, against a model in memory.

#include <lmdb.h>
#include <unistd.h>

#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <thread>

#include "probe.h"

namespace probe {
namespace {

void good(int result, std::source_location at = std::source_location::current()) {
  expect(result == MDB_SUCCESS, mdb_strerror(result), at);
}

using Env = std::unique_ptr<MDB_env, decltype(&mdb_env_close)>;

Env open_env(const std::string& path) {
  MDB_env* env = nullptr;
  good(mdb_env_create(&env));
  Env owned(env, mdb_env_close);
  good(mdb_env_set_mapsize(env, size_t{256} << 20));
  good(mdb_env_open(env, path.c_str(), MDB_NOSUBDIR, 0600));
  return owned;
}

std::string value_of(uint64_t seed, size_t size) {
  std::mt19937_64 random(seed);
  std::string value(size, 0);
  for (char& c : value) c = static_cast<char>('a' + random() % 26);
  return value;
}

MDB_val val(const std::string& text) { return {text.size(), const_cast<char*>(text.data())}; }

using Model = std::map<std::string, std::string>;

// One commit of `count` random puts and deletes, in the database and in the model.
void commit(MDB_env* env, Model& model, std::mt19937_64& random, int count) {
  MDB_txn* txn = nullptr;
  good(mdb_txn_begin(env, nullptr, 0, &txn));
  MDB_dbi dbi;
  good(mdb_dbi_open(txn, nullptr, 0, &dbi));
  for (int i = 0; i < count; ++i) {
    std::string key = "key-" + std::to_string(random() % 3000);
    MDB_val k = val(key);
    if (random() % 5 == 0) {
      int result = mdb_del(txn, dbi, &k, nullptr);
      expect((result == MDB_SUCCESS) == (model.erase(key) == 1));
      continue;
    }
    std::string value = value_of(random(), random() % 50 == 0 ? 9000 : random() % 120);
    MDB_val v = val(value);
    good(mdb_put(txn, dbi, &k, &v, 0));
    model[key] = value;
  }
  good(mdb_txn_commit(txn));
}

void compare(MDB_env* env, const Model& model) {
  MDB_txn* txn = nullptr;
  good(mdb_txn_begin(env, nullptr, MDB_RDONLY, &txn));
  MDB_dbi dbi;
  good(mdb_dbi_open(txn, nullptr, 0, &dbi));
  MDB_cursor* cursor = nullptr;
  good(mdb_cursor_open(txn, dbi, &cursor));
  auto expected = model.begin();
  MDB_val k, v;
  while (mdb_cursor_get(cursor, &k, &v, MDB_NEXT) == MDB_SUCCESS) {
    expect(expected != model.end(), "the database has more");
    expect(expected->first == std::string_view(static_cast<char*>(k.mv_data), k.mv_size), "key");
    expect(expected->second == std::string_view(static_cast<char*>(v.mv_data), v.mv_size), "value");
    ++expected;
  }
  expect(expected == model.end(), "the database has less");
  mdb_cursor_close(cursor);
  mdb_txn_abort(txn);
}

void empty(MDB_env* env) {
  MDB_txn* txn = nullptr;
  good(mdb_txn_begin(env, nullptr, 0, &txn));
  MDB_dbi dbi;
  good(mdb_dbi_open(txn, nullptr, 0, &dbi));
  good(mdb_drop(txn, dbi, 0));
  good(mdb_txn_commit(txn));
}

void against_a_model(const std::string& path) {
  Model model;
  std::mt19937_64 random(11);
  for (int reopened = 0; reopened < 3; ++reopened) {
    Env env = open_env(path);
    if (reopened == 0) empty(env.get());
    compare(env.get(), model);
    for (int i = 0; i < 6; ++i) commit(env.get(), model, random, 300);
    compare(env.get(), model);
  }
}

// A reader keeps its snapshot while a writer commits.
void snapshots(const std::string& path) {
  Env env = open_env(path);
  empty(env.get());
  Model model;
  std::mt19937_64 random(12);
  commit(env.get(), model, random, 500);
  MDB_txn* reader = nullptr;
  good(mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &reader));
  Model old = model;
  std::thread writer([&] {
    for (int i = 0; i < 5; ++i) commit(env.get(), model, random, 200);
  });
  writer.join();
  MDB_dbi dbi;
  good(mdb_dbi_open(reader, nullptr, 0, &dbi));
  for (const auto& [key, value] : old) {
    MDB_val k = val(key), v;
    good(mdb_get(reader, dbi, &k, &v));
    expect(value == std::string_view(static_cast<char*>(v.mv_data), v.mv_size));
  }
  mdb_txn_abort(reader);
  compare(env.get(), model);
}

}  // namespace

std::vector<Test> lmdb_tests(std::string path) {
  return {{"lmdb/against-a-model", [path] { against_a_model(path); }},
          {"lmdb/snapshots", [path] { snapshots(path); }}};
}

}  // namespace probe
