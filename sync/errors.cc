#include <ukstore/sync/errors.h>

#include <kj/debug.h>

namespace ukstore {

kj::Exception to_exception(const Error& error) {
  auto kind = name(error.kind);
  return KJ_EXCEPTION(FAILED, kj::str(kj::StringPtr(kind.data(), kind.size()), ": ",
                                      kj::StringPtr(error.message.data(), error.message.size())));
}

Error error_of(const kj::Exception& exception) {
  std::string_view text(exception.getDescription().cStr());
  if (constexpr std::string_view kRemote = "remote exception: "; text.starts_with(kRemote)) {
    text.remove_prefix(kRemote.size());
  }
  for (int number = 0; number <= static_cast<int>(Error::Kind::base_missing); ++number) {
    const auto kind = static_cast<Error::Kind>(number);
    std::string_view rest = text;
    // KJ puts what was wrong with the expression in front of it.
    if (auto at = rest.find(name(kind));
        at == 0 && rest.substr(name(kind).size()).starts_with(": ")) {
      rest.remove_prefix(name(kind).size() + 2);
      return {kind, std::string(rest)};
    }
  }
  return {Error::Kind::io, std::string(text)};
}

}  // namespace ukstore
