// node SETTING...: a storage node as a machine of its own (config.h lists the settings).

#include <ukstore/images/node/machine_platform.h>
#include <ukstore/images/node/node.h>

#include <ukstore/libos/core/machine_calls.h>

#include <cstdio>

namespace {

using namespace ukstore;

Result<void> start(std::span<const std::string> words) {
  auto config = node::parse_config(words);
  if (!config) return pass_on(config);
  if (!libos::on_libos()) {
    return fail(Error::Kind::unsupported,
                "this is a machine's program; as a process: ukstore node run");
  }
  auto platform = node::open_machine(*config);
  if (!platform) return pass_on(platform);
  return node::run(**platform, *config);
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  auto done = start(words);
  if (done) return 0;
  std::printf("error: %s\n", done.error().message.c_str());
  constexpr int kWrongWords = 2, kFailed = 1;
  return done.error().kind == Error::Kind::invalid ? kWrongWords : kFailed;
}
