// elf_image symbols IMAGE OUT.S   writes what a second link puts into IMAGE: the table of function
//                                 names, and the build id
// elf_image check IMAGE           proves what loaders of several monitors want of an image
//
// Exit code 0, or 1 with a line on standard error for each rule that is broken.

#include <cxxabi.h>
#include <elf.h>

#include <ukstore/libos/tools/symbol_table.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Image {
  std::string bytes;

  template <typename T>
  T at(size_t offset) const {
    T value{};
    if (offset + sizeof value <= bytes.size())
      std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  }
  Elf64_Ehdr header() const { return at<Elf64_Ehdr>(0); }
  std::vector<Elf64_Phdr> segments() const {
    std::vector<Elf64_Phdr> result;
    for (size_t i = 0; i < header().e_phnum; ++i) {
      result.push_back(at<Elf64_Phdr>(header().e_phoff + i * sizeof(Elf64_Phdr)));
    }
    return result;
  }
  std::vector<Elf64_Shdr> sections() const {
    std::vector<Elf64_Shdr> result;
    for (size_t i = 0; i < header().e_shnum; ++i) {
      result.push_back(at<Elf64_Shdr>(header().e_shoff + i * sizeof(Elf64_Shdr)));
    }
    return result;
  }
};

// The function's name without its parameters and template arguments' details, at most `max` bytes.
std::string short_name(const char* mangled) {
  constexpr size_t kMax = 72;
  int status = 0;
  char* demangled = abi::__cxa_demangle(mangled, nullptr, nullptr, &status);
  std::string name = status == 0 ? demangled : mangled;
  std::free(demangled);
  size_t parameters = name.find('(', name.starts_with("(anonymous") ? 1 : 0);
  for (size_t at = 0; (at = name.find("(anonymous namespace)::")) != name.npos;) name.erase(at, 23);
  parameters = name.find('(');
  if (parameters != name.npos && parameters > 0) name.resize(parameters);
  if (name.size() > kMax) name.resize(kMax);
  return name;
}

// Functions by address; of several names for one, the shortest.
std::map<uint64_t, std::string> functions(const Image& image) {
  std::map<uint64_t, std::string> result;
  auto sections = image.sections();
  for (const Elf64_Shdr& table : sections) {
    if (table.sh_type != SHT_SYMTAB || table.sh_link >= sections.size()) continue;
    const Elf64_Shdr& names = sections[table.sh_link];
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= table.sh_size; at += sizeof(Elf64_Sym)) {
      auto symbol = image.at<Elf64_Sym>(table.sh_offset + at);
      unsigned type = ELF64_ST_TYPE(symbol.st_info);
      if ((type != STT_FUNC && type != STT_GNU_IFUNC) || !symbol.st_value) continue;
      std::string name = short_name(image.bytes.c_str() + names.sh_offset + symbol.st_name);
      std::string& known = result[symbol.st_value];
      if (known.empty() || name.size() < known.size() ||
          (name.size() == known.size() && name < known)) {
        known = name;
      }
    }
  }
  return result;
}

// What is loaded, and nothing else, in 160 bits: the linker's own id would hold the paths that
// debug information names.  FNV-1a from five starts.
std::string build_id(const Image& image) {
  std::ostringstream words;
  for (uint64_t start = 0; start < 5; ++start) {
    uint64_t hash = 14695981039346656037u + start;
    for (const Elf64_Phdr& segment : image.segments()) {
      if (segment.p_type != PT_LOAD) continue;
      for (unsigned char byte : image.bytes.substr(segment.p_offset, segment.p_filesz)) {
        hash = (hash ^ byte) * 1099511628211u;
      }
    }
    words << ".long " << (hash >> 32) << "\n";
  }
  return words.str();
}

void write_bytes(std::ofstream& out, const char* label, std::string_view bytes) {
  out << label << ":\n";
  for (size_t i = 0; i < bytes.size(); ++i) {
    out << (i % 32 == 0 ? "\n.byte " : ",") << unsigned{static_cast<uint8_t>(bytes[i])};
  }
  out << "\n";
}

// libos/core/symbol_names.h has the format.
int write_symbols(const Image& image, const char* path) {
  auto table = functions(image);
  ukstore::tools::EncodedSymbols encoded = ukstore::tools::encode_symbols(table);
  std::ofstream out(path);
  out << ".section .note.libos.id, \"a\", @note\n.balign 4\n.long 4, 20, 3\n.asciz \"GNU\"\n"
      << build_id(image);
  out << ".section .libos.symbols, \"a\"\n.balign 4\n"
      << ".global libos_symbol_count, libos_symbol_distances, libos_symbol_pairs\n"
      << ".global libos_symbol_names\nlibos_symbol_count: .long " << table.size() << "\n";
  write_bytes(out, "libos_symbol_distances", encoded.distances);
  write_bytes(out, "libos_symbol_pairs", encoded.pairs);
  write_bytes(out, "libos_symbol_names", encoded.names);
  out << ".section .note.GNU-stack, \"\", @progbits\n";
  return out.good() ? 0 : 1;
}

int broken = 0;
void rule(bool holds, const char* text) {
  if (holds) return;
  std::fprintf(stderr, "elf_image: %s\n", text);
  broken = 1;
}

// The 32-bit entry point that the note in `notes` names; 0 if there is none.
uint64_t pvh_entry(const Image& image, const Elf64_Phdr& notes) {
  constexpr uint32_t kPhys32Entry = 18;
  for (uint64_t at = notes.p_offset, end = at + notes.p_filesz; at + sizeof(Elf64_Nhdr) <= end;) {
    auto note = image.at<Elf64_Nhdr>(at);
    uint64_t name = at + sizeof note, content = name + ((note.n_namesz + 3) & ~3u);
    if (note.n_type == kPhys32Entry && image.bytes.compare(name, 4, std::string("Xen\0", 4)) == 0) {
      return image.at<uint64_t>(content);
    }
    at = content + ((note.n_descsz + 3) & ~3u);
  }
  return 0;
}

int check(const Image& image) {
  constexpr uint64_t kTwoMib = 2 << 20;
  auto header = image.header();
  rule(!std::memcmp(header.e_ident, ELFMAG, SELFMAG) && header.e_type == ET_EXEC,
       "not a static ELF");
  std::vector<Elf64_Phdr> loads, notes;
  for (const Elf64_Phdr& segment : image.segments()) {
    if (segment.p_type == PT_LOAD) loads.push_back(segment);
    if (segment.p_type == PT_NOTE) notes.push_back(segment);
    rule(segment.p_type != PT_INTERP && segment.p_type != PT_DYNAMIC, "it wants a dynamic linker");
    rule(segment.p_type != PT_GNU_STACK || !(segment.p_flags & PF_X), "its stack is executable");
  }
  rule(loads.size() == 1, "not exactly one PT_LOAD");
  rule(notes.size() == 1, "not exactly one PT_NOTE");
  if (loads.size() != 1 || notes.size() != 1) return 1;
  const Elf64_Phdr& load = loads[0];
  rule(load.p_vaddr % kTwoMib == 0 && load.p_align == kTwoMib,
       "the PT_LOAD is not aligned to 2 MiB");
  rule(load.p_vaddr == load.p_paddr, "virtual and physical addresses differ");
  rule(load.p_offset == 0, "the PT_LOAD does not hold the headers");
  auto inside = [&](uint64_t address) {
    return address >= load.p_vaddr && address < load.p_vaddr + load.p_filesz;
  };
  rule(inside(header.e_entry), "the entry point is outside of the PT_LOAD");
  uint64_t entry = pvh_entry(image, notes[0]);
  rule(entry && inside(entry) && entry < uint64_t{1} << 32, "no PVH entry note");
  rule(inside(notes[0].p_vaddr), "the note is not loaded");
  return broken;
}

}  // namespace

int main(int argc, char** argv) {
  std::string command = argc > 2 ? argv[1] : "";
  std::ifstream in(argc > 2 ? argv[2] : "", std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "usage: elf_image symbols IMAGE OUT.S | check IMAGE\n");
    return 2;
  }
  Image image{{std::istreambuf_iterator<char>(in), {}}};
  if (command == "symbols" && argc == 4) return write_symbols(image, argv[3]);
  if (command == "check" && argc == 3) return check(image);
  return 2;
}
