#include <ukstore/merge/exchange/git_contents.h>

namespace ukstore {

uint32_t GitContents::add(const GitId& id, const Payload& payload) {
  contents_.push_back({.id = id,
                       .form = payload.form,
                       .size = payload.size,
                       .hash = payload.object.hash,
                       .address = payload.object.address,
                       .inlined = payload.inlined});
  return static_cast<uint32_t>(contents_.size() - 1);
}

Payload GitContents::payload(uint32_t number) const {
  const Content& content = contents_[number];
  return {.form = content.form,
          .inlined = content.inlined,
          .object = {content.hash, content.address},
          .size = content.size,
          .arena = nullptr};
}

Bytes GitContents::key_of(const Payload& payload) {
  return payload.form == PayloadForm::inlined ? "i" + payload.inlined
                                              : Bytes(payload.object.hash.view());
}

std::optional<uint32_t> GitContents::find(const Payload& wanted) {
  for (; in_table_ < contents_.size(); ++in_table_) {
    uint32_t number = static_cast<uint32_t>(in_table_);
    by_payload_.emplace(key_of(payload(number)), number);
  }
  auto found = by_payload_.find(key_of(wanted));
  return found == by_payload_.end() ? std::nullopt : std::optional(found->second);
}

void GitContents::settle() {
  for (; settled_ < contents_.size(); ++settled_) {
    Address& address = contents_[settled_].address;
    if (address.is_staged()) address = address.staged()->written();
  }
}

}  // namespace ukstore
