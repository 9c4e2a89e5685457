#include <ukstore/store/records.h>

namespace ukstore {
namespace {

constexpr BytesView kMagic{"ukstore\n", 8};
constexpr uint32_t kVersion = 1;
constexpr uint32_t kSha256 = 1;

}  // namespace

Result<void> check_record_size(BytesView key, size_t value_bytes) {
  if (key.empty() || key.size() > kRecordKeyBytesMax) {
    return fail(Error::Kind::invalid, "a record key has 1 to " +
                                          std::to_string(kRecordKeyBytesMax) + " bytes, not " +
                                          std::to_string(key.size()));
  }
  if (value_bytes > kRecordValueBytesMax) {
    return fail(Error::Kind::invalid, "a record has at most " +
                                          std::to_string(kRecordValueBytesMax) + " bytes, not " +
                                          std::to_string(value_bytes));
  }
  return {};
}

Bytes format_record() {
  Bytes value(kMagic);
  append_le(value, kVersion);
  append_le(value, kSha256);
  return value;
}

Result<void> check_format_record(BytesView value) {
  if (value.size() != kMagic.size() + 8 || !value.starts_with(kMagic)) {
    return fail(Error::Kind::corrupt, "the format record is not one of ukstore");
  }
  uint32_t version = load_le<uint32_t>(value.data() + 8);
  uint32_t algorithm = load_le<uint32_t>(value.data() + 12);
  if (version != kVersion || algorithm != kSha256) {
    return fail(Error::Kind::unsupported, "the store has format " + std::to_string(version) +
                                              " and hash algorithm " + std::to_string(algorithm) +
                                              "; this program knows format " +
                                              std::to_string(kVersion) + " with algorithm " +
                                              std::to_string(kSha256) + ": upgrade it");
  }
  return {};
}

}  // namespace ukstore
