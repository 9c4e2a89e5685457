#include <ukstore/merge/exchange/tar.h>

#include <ukstore/merge/exchange/value_view.h>

#include <archive.h>
#include <archive_entry.h>

#include <unordered_map>

namespace ukstore {
namespace {

// An archive that is written to a sink.
class Archive {
 public:
  explicit Archive(ByteSink& sink) : sink_(sink) {
    archive_write_set_format_pax_restricted(archive_);
    archive_write_add_filter_none(archive_);
    archive_write_set_bytes_per_block(archive_, 10240);
  }
  ~Archive() { archive_write_free(archive_); }
  Archive(const Archive&) = delete;

  Result<void> open() {
    return done(archive_write_open2(archive_, this, nullptr, &Archive::write, nullptr, nullptr));
  }
  Result<void> header(archive_entry* entry) { return done(archive_write_header(archive_, entry)); }
  Result<void> content(BytesView bytes) {
    while (!bytes.empty()) {
      la_ssize_t taken = archive_write_data(archive_, bytes.data(), bytes.size());
      if (taken <= 0) return done(ARCHIVE_FATAL);
      bytes.remove_prefix(static_cast<size_t>(taken));
    }
    return {};
  }
  Result<void> close() { return done(archive_write_close(archive_)); }

 private:
  static la_ssize_t write(archive* archive, void* self, const void* bytes, size_t size) {
    Archive& to = *static_cast<Archive*>(self);
    auto ok = to.sink_.write({static_cast<const char*>(bytes), size});
    if (ok) return static_cast<la_ssize_t>(size);
    to.failed_ = ok.error();
    archive_set_error(archive, EIO, "the sink failed");
    return ARCHIVE_FATAL;
  }
  Result<void> done(int code) const {
    if (code == ARCHIVE_OK || code == ARCHIVE_WARN) return {};
    if (failed_) return std::unexpected(*failed_);
    const char* why = archive_error_string(archive_);
    return fail(Error::Kind::invalid, std::string("the archive: ") + (why ? why : "broken"));
  }

  ByteSink& sink_;
  std::optional<Error> failed_;
  archive* archive_ = archive_write_new();
};

// A step as a file system that folds names sees it.
Bytes folded(BytesView step) {
  Bytes seen(step);
  for (char& byte : seen) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  while (seen.ends_with('.') || seen.ends_with(' ')) seen.pop_back();
  return seen;
}

// All directories in order, before a byte is written.
Result<void> check_names(const State& state, const Bytes& path) {
  auto names = state.list(path);
  if (!names) return pass_on(names);
  std::unordered_map<Bytes, BytesView> seen;
  for (const ListedName& listed : *names) {
    Bytes below = path.empty() ? listed.name : path + "/" + listed.name;
    if (listed.name == "." || listed.name == "..") {
      return fail(Error::Kind::invalid, "\"" + printable(below) + "\" is no name for a file");
    }
    auto [other, is_new] = seen.emplace(folded(listed.name), listed.name);
    if (!is_new) {
      return fail(Error::Kind::invalid,
                  "\"" + printable(listed.name) + "\" and \"" + printable(other->second) +
                      "\" in \"" + printable(path) + "\" are one name for some file systems");
    }
    if (!listed.has_entries_below) continue;
    if (auto ok = check_names(state, below); !ok) return ok;
  }
  return {};
}

class Writer {
 public:
  Writer(const State& state, Archive& archive, int64_t seconds)
      : state_(state), archive_(archive), seconds_(seconds) {}

  Result<void> directory(const Bytes& path) {
    auto names = state_.list(path);
    if (!names) return pass_on(names);
    for (const ListedName& listed : *names) {
      Bytes below = path.empty() ? listed.name : path + "/" + listed.name;
      auto shown = shown_at(state_, below);
      if (!shown) return pass_on(shown);
      if (*shown) {
        if (auto ok = entry(below, **shown); !ok) return ok;
      }
      if (!listed.has_entries_below) continue;
      if (auto ok = directory(below); !ok) return ok;
    }
    return {};
  }

 private:
  Result<void> entry(const Bytes& path, const Shown& shown) {
    std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                   archive_entry_free);
    archive_entry_set_pathname(entry.get(), path.c_str());
    archive_entry_set_mtime(entry.get(), seconds_, 0);
    archive_entry_set_uid(entry.get(), 0);
    archive_entry_set_gid(entry.get(), 0);
    if (shown.kind == Kind::gitlink) {
      archive_entry_set_filetype(entry.get(), AE_IFDIR);
      archive_entry_set_perm(entry.get(), 0755);
      return archive_.header(entry.get());
    }
    class Content final : public ByteSink {
     public:
      explicit Content(Archive& archive) : archive_(archive) {}
      Result<void> write(BytesView bytes) override { return archive_.content(bytes); }

     private:
      Archive& archive_;
    } content(archive_);
    if (shown.kind == Kind::symlink) {
      BytesSink target;
      auto ok = write_content(state_.tree().objects(), shown, target);
      if (!ok) return ok;
      archive_entry_set_filetype(entry.get(), AE_IFLNK);
      archive_entry_set_perm(entry.get(), 0777);
      archive_entry_set_symlink(entry.get(), target.bytes().c_str());
      return archive_.header(entry.get());
    }
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), shown.kind == Kind::executable ? 0755 : 0644);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(size_of(shown)));
    if (auto ok = archive_.header(entry.get()); !ok) return ok;
    return write_content(state_.tree().objects(), shown, content);
  }

  const State& state_;
  Archive& archive_;
  const int64_t seconds_;
};

}  // namespace

Result<std::vector<Bytes>> export_tar(const State& state, ByteSink& sink,
                                      const TarExportOptions& options) {
  auto conflicts = state.conflicts();
  if (!conflicts || !conflicts->empty()) return conflicts;
  if (auto ok = check_names(state, {}); !ok) return pass_on(ok);
  Archive archive(sink);
  if (auto ok = archive.open(); !ok) return pass_on(ok);
  Writer writer(state, archive, options.seconds);
  if (auto ok = writer.directory({}); !ok) return pass_on(ok);
  if (auto ok = archive.close(); !ok) return pass_on(ok);
  return std::vector<Bytes>();
}

}  // namespace ukstore
