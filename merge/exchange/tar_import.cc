#include <ukstore/merge/exchange/tar.h>

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>

namespace ukstore {
namespace {

// An archive that is read from a source.
class Archive {
 public:
  explicit Archive(ByteSource& source) : source_(source), buffer_(64 * 1024) {
    archive_read_support_filter_none(archive_);
    archive_read_support_format_tar(archive_);
  }
  ~Archive() { archive_read_free(archive_); }
  Archive(const Archive&) = delete;

  Result<void> open() {
    return done(archive_read_open2(archive_, this, nullptr, &Archive::read, nullptr, nullptr));
  }
  // The next entry; null at the end.
  Result<archive_entry*> next() {
    archive_entry* entry = nullptr;
    int code = archive_read_next_header(archive_, &entry);
    if (code == ARCHIVE_EOF) return nullptr;
    if (auto ok = done(code); !ok) return pass_on(ok);
    return entry;
  }
  // The content of the entry, piece by piece, holes as zeros.
  Result<void> content(const std::function<Result<void>(BytesView)>& piece) {
    Bytes room(64 * 1024, '\0');
    for (;;) {
      la_ssize_t taken = archive_read_data(archive_, room.data(), room.size());
      if (taken == 0) return {};
      if (taken < 0) return done(static_cast<int>(taken));
      if (auto ok = piece({room.data(), static_cast<size_t>(taken)}); !ok) return ok;
    }
  }

 private:
  static la_ssize_t read(archive* archive, void* self, const void** bytes) {
    Archive& from = *static_cast<Archive*>(self);
    auto taken = from.source_.read(from.buffer_);
    if (!taken) {
      from.failed_ = taken.error();
      archive_set_error(archive, EIO, "the source failed");
      return ARCHIVE_FATAL;
    }
    *bytes = from.buffer_.data();
    return static_cast<la_ssize_t>(*taken);
  }
  // A warning is about what we do not use, such as a name in another locale.
  Result<void> done(int code) const {
    if (code == ARCHIVE_OK || code == ARCHIVE_WARN) return {};
    if (failed_) return std::unexpected(*failed_);
    const char* why = archive_error_string(archive_);
    return fail(Error::Kind::invalid, std::string("the archive: ") + (why ? why : "broken"));
  }

  ByteSource& source_;
  std::vector<char> buffer_;
  std::optional<Error> failed_;
  archive* archive_ = archive_read_new();
};

// The path of an entry, empty for the top itself.
Result<Bytes> path_of(const char* name) {
  if (!name) return fail(Error::Kind::invalid, "an entry of the archive has no name");
  BytesView rest(name);
  auto refuse = [&](const char* why) {
    return fail(Error::Kind::invalid,
                "the archive holds \"" + printable(name) + "\", which is " + why);
  };
  if (rest.starts_with('/')) return refuse("an absolute name");
  Bytes path;
  while (!rest.empty()) {
    size_t slash = std::min(rest.find('/'), rest.size());
    BytesView step = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    if (step.empty() || step == ".") continue;
    if (step == "..") return refuse("a name that leads out of it");
    (path += path.empty() ? "" : "/") += step;
  }
  return path;
}

class Reader {
 public:
  Reader(ValueImport& import, Archive& archive) : import_(import), archive_(archive) {}

  Result<void> take(archive_entry* entry) {
    auto path = path_of(archive_entry_pathname(entry));
    if (!path) return pass_on(path);
    if (const char* target = archive_entry_hardlink(entry)) return link(*path, target);
    auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) return {};
    if (type == AE_IFLNK) {
      const char* target = archive_entry_symlink(entry);
      return import_.add(*path, target ? target : "", Kind::symlink);
    }
    if (type != AE_IFREG) {
      return fail(Error::Kind::unsupported,
                  "\"" + printable(*path) + "\" is no file, link or directory");
    }
    Kind kind = archive_entry_perm(entry) & 0111 ? Kind::executable : Kind::file;
    return file(*path, kind);
  }

 private:
  Result<void> file(const Bytes& path, Kind kind) {
    Bytes start;
    std::unique_ptr<ValueImport::Long> rest;
    auto ok = archive_.content([&](BytesView piece) -> Result<void> {
      if (!rest && start.size() + piece.size() > kBlobBytesMax) {
        rest = import_.start_long();
        if (auto begun = rest->append(start); !begun) return begun;
      }
      if (rest) return rest->append(piece);
      start += piece;
      return {};
    });
    if (!ok) return ok;
    return rest ? import_.add(path, *rest, kind) : import_.add(path, start, kind);
  }
  Result<void> link(const Bytes& path, const char* target) {
    auto from = path_of(target);
    if (!from) return pass_on(from);
    return import_.add_copy(path, *from);
  }

  ValueImport& import_;
  Archive& archive_;
};

}  // namespace

Result<ValueImportReport> import_tar(Store& store, BytesView branch, ByteSource& source,
                                     const TarImportOptions& options) {
  ValueImport import(store, "tar");
  SeenSource seen(source, import, options.progress);
  Archive archive(seen);
  Reader reader(import, archive);
  if (auto ok = archive.open(); !ok) return pass_on(ok);
  for (;;) {
    auto entry = archive.next();
    if (!entry) return pass_on(entry);
    if (!*entry) break;
    if (auto ok = reader.take(*entry); !ok) return pass_on(ok);
  }
  return import.commit(branch, options.info);
}

}  // namespace ukstore
