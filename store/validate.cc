#include <ukstore/store/validate.h>

#include <ukstore/store/commit.h>
#include <ukstore/store/node.h>
#include <ukstore/store/payload.h>
#include <ukstore/store/rope.h>

namespace ukstore {
namespace {

Result<void> expect_sides(const Result<uint32_t>& named, uint32_t side_count) {
  if (!named) return pass_on(named);
  if (*named == side_count) return {};
  return fail(Error::Kind::corrupt, "the object names " + std::to_string(*named) +
                                        " objects and has addresses for " +
                                        std::to_string(side_count));
}

}  // namespace

Result<void> validate(ObjectKind kind, BytesView bytes, uint32_t side_count) {
  switch (kind) {
    case ObjectKind::leaf:
    case ObjectKind::inner:
      return expect_sides(validate_node(kind, bytes), side_count);
    case ObjectKind::rope:
      return expect_sides(validate_rope(bytes), side_count);
    case ObjectKind::commit:
      return validate_commit(bytes, side_count);
    case ObjectKind::tag:
      return validate_tag(bytes, side_count);
    case ObjectKind::blob:
      if (bytes.size() > kBlobBytesMax) return fail(Error::Kind::corrupt, "a blob is over 64 KiB");
      return expect_sides(0u, side_count);
  }
  return fail(Error::Kind::unsupported,
              "an object of the unknown kind " + std::to_string(static_cast<int>(kind)));
}

}  // namespace ukstore
