// What images do without.  Each name here takes the place of one in the C or C++ library that would
// drag in much that has no use on a machine with one program and no file system.  The linker takes
// these since it sees them first, and they are weak: who needs the library's own file for something
// else in it gets all of it.
//
//   messages     stay in English: there are no catalogs to read.
//   iconv        knows the character sets that are built in: there are no modules to load.
//   locks        of what a program does not call do not bring it: setlocale, the DNS resolver.
//   demangling   gives up: std::terminate names the type of an exception as the linker does.

#include <cxxabi.h>
#include <pthread.h>

#include <cstddef>

extern "C" {

[[gnu::weak]] char* __dcgettext(const char* /*domain*/, const char* message, int /*category*/) {
  return const_cast<char*>(message);
}
[[gnu::weak]] char* dcgettext(const char* domain, const char* message, int category) {
  return __dcgettext(domain, message, category);
}

// The module of that name: there is none.
[[gnu::weak]] void* __gconv_find_shlib(const char* /*name*/) { return nullptr; }
[[gnu::weak]] void __gconv_release_shlib(void* /*module*/) {}

// Guards the locale against setlocale().
[[gnu::weak]] pthread_rwlock_t __libc_setlocale_lock = PTHREAD_RWLOCK_INITIALIZER;

// What a memory checker calls at the very end, to free what setlocale() and gettext() hold.
[[gnu::weak]] void _nl_locale_subfreeres() {}
[[gnu::weak]] void _nl_finddomain_subfreeres() {}

// A thread's state of the resolver, which pthread_create() sets.
[[gnu::weak]] thread_local void* __libc_resp = nullptr;

}  // extern "C"

[[gnu::weak]] char* abi::__cxa_demangle(const char* /*mangled*/, char* /*buffer*/, size_t* /*size*/,
                                        int* status) noexcept {
  constexpr int kNotAName = -2;
  if (status != nullptr) *status = kNotAName;
  return nullptr;
}
