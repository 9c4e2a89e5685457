#pragma once
// The naive model that trees are compared with, and seeded random edits for both.

#include <ukstore/store/memory_backend.h>
#include <ukstore/store/tree.h>

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace ukstore::test {

// A store of objects in memory.
struct Objects {
  std::unique_ptr<Backend> backend = make_memory_backend();
  ObjectStore objects{*backend};
};

template <class T>
T ok(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << name(result.error().kind) << ": " << result.error().message;
    std::abort();
  }
  return std::move(*result);
}
inline void ok(Result<void> result) {
  ASSERT_TRUE(result) << name(result.error().kind) << ": " << result.error().message;
}

using Random = std::mt19937_64;

inline uint64_t below(Random& random, uint64_t bound) { return random() % bound; }

inline Bytes random_bytes(Random& random, size_t size) {
  Bytes bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// Keys that share prefixes, differ in length, and come back.
inline Bytes random_key(Random& random, uint64_t distinct) {
  uint64_t n = below(random, distinct);
  Bytes key = "k" + std::to_string(n * n % 7919);
  if (n % 5 == 0) key += Bytes(n % 60, static_cast<char>('a' + n % 26));
  return key;
}

// Payloads of all forms, small ones most often.
inline Bytes random_payload(Random& random) {
  switch (below(random, 20)) {
    case 0:
      return random_bytes(random, 65 + below(random, 3000));
    case 1:
      return {};
    default:
      return random_bytes(random, below(random, 65));
  }
}

// One level as a plain map from key to payload (kind 1).
using Model = std::map<Bytes, Bytes>;

inline Model contents(const Tree& tree) {
  Model model;
  ok(tree.scan({}, {}, Direction::forward, [&](BytesView key, const Entry& entry) {
    EXPECT_TRUE(model.empty() || model.rbegin()->first < key);
    model.emplace(key, ok(tree.read(entry)));
    return Flow::go_on;
  }));
  return model;
}

inline Tree build(const ObjectStore& objects, const Model& model) {
  TreeBuilder builder(objects, std::make_shared<Arena>());
  for (const auto& [key, payload] : model) ok(builder.add(key, 1, BytesView(payload)));
  return ok(builder.finish());
}

}  // namespace ukstore::test
