#include <ukstore/store/lmdb_file.h>

#include <ukstore/store/lmdb_create.h>
#include <ukstore/store/lmdb_error.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>

namespace ukstore {
namespace {

using Path = std::filesystem::path;

// LMDB shares memory and locks between processes; over a network neither works.
Result<void> refuse_network(const Path& path) {
  // From linux/magic.h and the kernel's file systems: NFS, SMB, CIFS, SMB2, Ceph, AFS, Coda, 9p.
  constexpr std::array<uint64_t, 8> kNetwork{0x6969,     0x517b,     0xff534d42, 0xfe534d42,
                                             0x00c36400, 0x5346414f, 0x73757245, 0x01021997};
  struct statfs about{};
  if (statfs(path.c_str(), &about) != 0) return {};
  if (std::ranges::find(kNetwork, static_cast<uint32_t>(about.f_type)) == kNetwork.end()) return {};
  return fail(Error::Kind::unsupported, path.string() +
                                            " is on a network file system, where a store "
                                            "cannot be shared safely; put it on a local disk");
}

std::unexpected<Error> system_failure(const Path& path, int error) {
  return lmdb_failure(error, "opening " + path.string());
}

}  // namespace

// The files that are open in this process.  It has to be known to all backends of the process,
// hence the one static object.
class LmdbFile::Registry {
 public:
  static Registry& of_this_process() {
    static Registry registry;
    return registry;
  }
  bool add(Identity identity) {
    std::lock_guard lock(mutex_);
    return open_.insert(identity).second;
  }
  void remove(Identity identity) {
    std::lock_guard lock(mutex_);
    open_.erase(identity);
  }

 private:
  std::mutex mutex_;
  std::set<Identity> open_;
};

Result<std::unique_ptr<LmdbFile>> LmdbFile::open(const LmdbOptions& options) {
  std::unique_ptr<LmdbFile> file(new LmdbFile(options));
  const bool directory = options.layout == LmdbOptions::Layout::directory;
  const bool make =
      options.create == LmdbOptions::Create::yes && options.mode == LmdbOptions::Mode::read_write;
  file->data_path_ = directory ? options.path / "data.mdb" : options.path;
  std::error_code error;
  if (!make && !std::filesystem::exists(file->data_path_, error)) {
    return fail(Error::Kind::no_store, "there is no store at " + options.path.string());
  }
  if (make && directory) {
    std::filesystem::create_directories(options.path, error);
    if (error) return system_failure(options.path, error.value());
  }
  const bool fresh = !std::filesystem::exists(file->data_path_, error);
  if (auto ok = refuse_network(fresh ? file->data_path_.parent_path() : file->data_path_); !ok) {
    return pass_on(ok);
  }
  if (make && fresh) {
    auto made = create_lmdb_file(file->data_path_, file->lock_path(), options.map_bytes,
                                 options.lock_timeout);
    if (!made) return pass_on(made);
    if (directory) sync_directory(options.path.parent_path());
  }
  // Where a file cannot be made beforehand, LMDB makes it.
  const bool there = std::filesystem::exists(file->data_path_, error);
  if (there) {
    if (auto ok = file->claim(); !ok) return pass_on(ok);
  }
  if (auto ok = file->open_environment(); !ok) return pass_on(ok);
  if (!there) {
    if (auto ok = file->claim(); !ok) return pass_on(ok);
  }
  return file;
}

LmdbFile::~LmdbFile() {
  if (environment_) mdb_env_close(environment_);
  if (claimed_) Registry::of_this_process().remove(*claimed_);
}

int LmdbFile::descriptor() const {
  mdb_filehandle_t fd = -1;
  mdb_env_get_fd(environment_, &fd);
  return fd;
}

Path LmdbFile::lock_path() const {
  if (options_.layout == LmdbOptions::Layout::directory) return options_.path / "writer.lock";
  struct stat about{};
  if (stat(data_path_.c_str(), &about) == 0 && S_ISBLK(about.st_mode)) return {};
  return data_path_.string() + "-writer";
}

Result<void> LmdbFile::claim() {
  struct stat about{};
  if (stat(data_path_.c_str(), &about) != 0) return system_failure(data_path_, errno);
  Identity identity{about.st_dev, about.st_ino};
  if (!Registry::of_this_process().add(identity)) {
    return fail(Error::Kind::locked,
                data_path_.string() + " is open in this process already; share that store");
  }
  claimed_ = identity;
  return {};
}

Result<void> LmdbFile::open_environment() {
  int code = mdb_env_create(&environment_);
  if (code != MDB_SUCCESS) return lmdb_failure(code, "opening");
  mdb_env_set_mapsize(environment_, options_.map_bytes);
  mdb_env_set_maxreaders(environment_, 1024);
  const bool reading = options_.mode == LmdbOptions::Mode::read_only;
  unsigned flags = MDB_NOTLS;
  if (reading) flags |= MDB_RDONLY;
  if (options_.layout == LmdbOptions::Layout::single_file) flags |= MDB_NOSUBDIR;
  code = mdb_env_open(environment_, options_.path.c_str(), flags, 0666);
  if (code != MDB_SUCCESS) return system_failure(options_.path, code);
  MDB_stat stat{};
  mdb_env_stat(environment_, &stat);
  if (stat.ms_psize != kPageBytes) {
    return fail(Error::Kind::unsupported, options_.path.string() + " has pages of " +
                                              std::to_string(stat.ms_psize) + " bytes, not 4,096");
  }
  int dead = 0;
  mdb_reader_check(environment_, &dead);
  MDB_txn* txn = nullptr;
  code = mdb_txn_begin(environment_, nullptr, MDB_RDONLY, &txn);
  if (code != MDB_SUCCESS) return system_failure(options_.path, code);
  code = mdb_dbi_open(txn, nullptr, 0, &dbi_);
  // A handle outlives the transaction that opened it only if that one is committed.
  if (code == MDB_SUCCESS)
    code = mdb_txn_commit(txn);
  else
    mdb_txn_abort(txn);
  if (code != MDB_SUCCESS) return system_failure(options_.path, code);
  return {};
}

}  // namespace ukstore
