#pragma once
// The names that git gives: SHA-1 over "KIND SIZE\0" and the bytes of an object.

#include <ukstore/store/bytes.h>

#include <array>
#include <compare>
#include <memory>
#include <optional>
#include <string>

namespace ukstore {

struct GitId {
  std::array<uint8_t, 20> bytes{};

  auto operator<=>(const GitId&) const = default;
  BytesView view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
  bool is_null() const { return *this == GitId(); }
};

// 40 lower-case hex digits, and back.  nullopt if `text` is not exactly that.
std::string to_hex(const GitId& id);
std::optional<GitId> git_id_from_hex(BytesView text);

// Names objects one after another; a context that is used again costs a third of a new one.
class GitHasher {
 public:
  GitHasher();
  ~GitHasher();
  GitHasher(const GitHasher&) = delete;

  // An object of this kind ("blob", "tree", "commit", "tag") whose size is known before its bytes.
  void start(BytesView kind, uint64_t size);
  void add(BytesView bytes);
  GitId finish();

  GitId id(BytesView kind, BytesView bytes) {
    start(kind, bytes.size());
    add(bytes);
    return finish();
  }

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace ukstore

template <>
struct std::hash<ukstore::GitId> {
  size_t operator()(const ukstore::GitId& id) const noexcept {
    return ukstore::load_le<uint64_t>(id.view().data());
  }
};
