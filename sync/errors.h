#pragma once
// Between `Error`, which the layers below return, and kj::Exception, which promises carry.

#include <ukstore/store/error.h>

#include <kj/exception.h>

namespace ukstore {

// An exception whose description is "KIND: MESSAGE"; `error_of` reads it back.  Exceptions of other
// makers are `io`, except that what the peer's end threw keeps its kind if it said one.
kj::Exception to_exception(const Error& error);
Error error_of(const kj::Exception& exception);

// The value of a result, or its error thrown.
template <class T>
T get_or_throw(Result<T> result) {
  if (!result) kj::throwFatalException(to_exception(result.error()));
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace ukstore
