#pragma once
// The contents that a stream of git has brought: git's name of each beside its stored form.
//
// Costs about 80 bytes for each content, short ones (up to 64 bytes) their own bytes more.

#include <ukstore/merge/exchange/git_id.h>
#include <ukstore/store/payload.h>

#include <deque>
#include <unordered_map>

namespace ukstore {

class GitContents {
 public:
  // Takes a content and numbers it from 0.
  uint32_t add(const GitId& id, const Payload& payload);

  size_t count() const { return contents_.size(); }
  const GitId& id(uint32_t number) const { return contents_[number].id; }
  // Its payload, without the arena in which it may be staged.
  Payload payload(uint32_t number) const;
  uint64_t size(uint32_t number) const { return contents_[number].size; }

  // The number of the content with that payload; nullopt if none has come.  The first call makes a
  // table of all.
  std::optional<uint32_t> find(const Payload& payload);

  // Call it when all that was staged has been written, before its arena goes.
  void settle();

 private:
  struct Content {
    GitId id;
    PayloadForm form = PayloadForm::none;
    uint64_t size = 0;
    Hash hash;  // forms blob and rope
    Address address{};
    Bytes inlined{};  // form inlined
  };
  static Bytes key_of(const Payload& payload);

  std::deque<Content> contents_;
  size_t settled_ = 0;
  std::unordered_map<Bytes, uint32_t> by_payload_;
  size_t in_table_ = 0;
};

}  // namespace ukstore
