#include "nodes.h"

#include <poll.h>

#include <filesystem>
#include <regex>
#include <stdexcept>

namespace node_boot {

Node::Node(const std::vector<std::string>& command) : child(command) {
  auto line = child.line_after("node ");
  if (!line) throw std::runtime_error("the node did not start: " + child.text());
  fingerprint = line->substr(0, line->find(' '));
}

std::vector<std::string> machine_command(const MachinePlan& plan) {
  boot_test::Boot boot{.image = "node",
                       .options = {"--disk", plan.disk, "--memory", std::to_string(plan.memory_mib),
                                   "--net", "tap:" + plan.tap},
                       .arguments = plan.settings};
  boot.options.insert(boot.options.end(), plan.options.begin(), plan.options.end());
  boot.options.push_back("--print");
  std::string command = "exec " + boot_test::run(boot_test::boot_command(boot)).out;
  // The debug console's file lies in a folder that is gone with images/boot.
  command = std::regex_replace(command, std::regex("path=/[^ ]*/end"), "path=/dev/null");
  return {"bash", "-c", command};
}

std::vector<std::string> ukstore(const std::string& store, const std::vector<std::string>& words) {
  std::vector<std::string> command = {std::string(UKSTORE_BINARY_DIR) + "/ukstore", "--store",
                                      store};
  command.insert(command.end(), words.begin(), words.end());
  return command;
}

std::string ukstore_says(const std::string& store, const std::vector<std::string>& words) {
  auto outcome = boot_test::run(ukstore(store, words));
  EXPECT_EQ(outcome.code, 0) << words[0] << ": " << outcome.out << outcome.errors;
  return outcome.out;
}

std::string metrics_of(const std::string& endpoint) {
  auto outcome = boot_test::shell("curl -s -m 60 http://" + endpoint + "/metrics");
  return outcome.code == 0 ? outcome.out : "";
}

std::optional<uint64_t> figure(const std::string& page, const std::string& name) {
  const size_t at = page.find("\n" + name + " ");
  if (at == page.npos) return std::nullopt;
  return std::stoull(page.substr(at + name.size() + 2));
}

std::optional<Place> place_of(const std::string& endpoint, const std::string& branch) {
  const std::string page = metrics_of(endpoint);
  std::smatch found;
  const std::regex head("ukstore_branch_head\\{branch=\"" + branch +
                        "\",commit=\"([0-9a-f]+)\",root=\"([0-9a-f]+)\"");
  if (!std::regex_search(page, found, head)) return std::nullopt;
  return Place{found[1], found[2]};
}

bool becomes(const std::function<bool()>& so) {
  constexpr int kPauseMs = 100, kLooksMax = 1500;
  for (int look = 0; look < kLooksMax; ++look) {
    if (so()) return true;
    poll(nullptr, 0, kPauseMs);
  }
  return false;
}

std::string store_of_disk(const boot_test::Folder& folder, const std::string& disk,
                          const std::string& name) {
  const std::string store = folder.path(name);
  std::filesystem::create_directories(store);
  std::filesystem::copy_file(disk, store + "/data.mdb",
                             std::filesystem::copy_options::overwrite_existing);
  return store;
}

std::string OnTap::key_of(const std::string& store) {
  Node node(ukstore(store, {"node", "run", "--listen", "127.0.0.1:0", "--stop-after", "1"}));
  EXPECT_EQ(node.child.wait(), 0) << node.child.text();
  return node.fingerprint;
}

std::vector<std::string> at_machine(std::vector<std::string> more) {
  more.insert(more.end(), {"--address", "10.9.0.2/24", "--metrics", "*:9100"});
  return more;
}

}  // namespace node_boot
