#include <ukstore/store/validate.h>

#include <ukstore/store/commit.h>
#include <ukstore/store/node.h>
#include <ukstore/store/payload.h>
#include <ukstore/store/rope.h>

namespace ukstore {

Result<uint32_t> named_objects(ObjectKind kind, BytesView bytes) {
  switch (kind) {
    case ObjectKind::leaf:
    case ObjectKind::inner:
      return validate_node(kind, bytes);
    case ObjectKind::rope:
      return validate_rope(bytes);
    case ObjectKind::commit:
      return validate_commit(bytes);
    case ObjectKind::tag:
      return validate_tag(bytes);
    case ObjectKind::blob:
      if (bytes.size() > kBlobBytesMax) return fail(Error::Kind::corrupt, "a blob is over 64 KiB");
      return 0;
  }
  return fail(Error::Kind::unsupported,
              "an object of the unknown kind " + std::to_string(static_cast<int>(kind)));
}

Result<void> validate(ObjectKind kind, BytesView bytes, uint32_t side_count) {
  auto named = named_objects(kind, bytes);
  if (!named) return pass_on(named);
  if (*named == side_count) return {};
  return fail(Error::Kind::corrupt, "the object needs " + std::to_string(*named) +
                                        " addresses and has " + std::to_string(side_count));
}

}  // namespace ukstore
