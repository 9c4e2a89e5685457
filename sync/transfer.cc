#include <ukstore/sync/transfer.h>

#include <ukstore/sync/common_base.h>
#include <ukstore/sync/errors.h>

#include <kj/debug.h>

#include <algorithm>

namespace ukstore {
namespace {

constexpr size_t kHavesMax = 64;

std::optional<Hash> head_hash(Repo& repo, BytesView branch) {
  auto head = get_or_throw(repo.store().head(RefKind::branch, branch));
  return head ? std::optional(head->ref.hash) : std::nullopt;
}

// What a pull of this plan may build on: what the peer had when it was last heard of, what an
// earlier pull staged before it broke off, and our own head.
std::vector<Hash> haves_for(Repo& repo, const PullPlan& plan) {
  std::vector<Hash> haves;
  auto add = [&](const std::optional<Hash>& hash) {
    if (hash && std::ranges::count(haves, *hash) == 0) haves.push_back(*hash);
  };
  add(head_hash(repo, tracking_branch(plan.remote, plan.branch)));
  for (const Hash& staged :
       get_or_throw(staged_tips(repo.store(), tracking_branch(plan.remote, plan.branch)))) {
    if (haves.size() + 1 < kHavesMax) add(staged);
  }
  for (const Hash& hash : plan.also_have) {
    if (haves.size() + 1 < kHavesMax) add(hash);
  }
  if (plan.merge_into) add(head_hash(repo, *plan.merge_into));
  return haves;
}

Landing landing_of(const PullPlan& plan) {
  return {.tracking = tracking_branch(plan.remote, plan.branch),
          .merge_into = plan.merge_into,
          .note = plan.note.empty() ? "pull " + plan.remote : plan.note,
          .when_ms = plan.when_ms};
}

// What the sink of a pull and the pull itself share; either may go first.
struct Progress {
  std::optional<Landed> landed;
  uint64_t commits = 0;
  kj::Own<kj::PromiseFulfiller<void>> broken;
  kj::Function<void(const Landed&)> tell = [](const Landed&) {};
  std::shared_ptr<PeerHas> has;
};

protocol::Sink::Client sink_for(Repo& repo, const PullPlan& plan, std::vector<Hash> haves,
                                protocol::Objects::Client objects,
                                std::shared_ptr<Progress> progress) {
  SinkPlan sink{
      .landing = landing_of(plan),
      .haves = std::move(haves),
      .peer = progress->has,
      .objects = kj::mv(objects),
      .landed =
          [progress](const Landed& landed) {
            progress->commits += landed.commits;
            progress->landed = landed;
            progress->tell(landed);
          },
      .broken = [progress](const Error& error) { progress->broken->reject(to_exception(error)); },
      .intake = plan.intake};
  return make_sink(repo.store(), repo.types(), kj::mv(sink));
}

// The peer is at a commit that came from elsewhere: it is tracked, and merged if it was not.
Result<Landed> take_over(Repo& repo, const PullPlan& plan, std::span<const Hash> haves,
                         const Hash& head) {
  Intake intake(repo.store(), repo.types(), landing_of(plan), plan.intake);
  intake.told(haves);
  if (auto ok = intake.adopt(head); !ok) return pass_on(ok);
  return intake.land();
}

enum class Follow { no, yes };

auto pull_request(protocol::Reader::Client& reader, std::span<const Hash> haves,
                  protocol::Sink::Client sink, Follow follow) {
  auto request = reader.pullRequest();
  auto list = request.initHaves(haves.size());
  for (size_t i = 0; i < haves.size(); ++i) list.set(i, to_data(haves[i].view()));
  request.setSink(kj::mv(sink));
  request.setFollow(follow == Follow::yes);
  return request;
}

Task<Pulled> run(Repo& repo, protocol::Session::Client session, PullPlan plan, Follow follow,
                 std::shared_ptr<Progress> progress) {
  // What waits in memory is no ground to build on.
  get_or_throw(repo.store().flush());
  auto reader_request = session.readerRequest();
  reader_request.setBranch(to_data(plan.branch));
  protocol::Reader::Client reader = reader_request.send().getReader();
  std::vector<Hash> haves = haves_for(repo, plan);
  for (;;) {
    auto broken = kj::newPromiseAndFulfiller<void>();
    progress->broken = kj::mv(broken.fulfiller);
    auto request =
        pull_request(reader, haves, sink_for(repo, plan, haves, reader, progress), follow);
    auto answer = request.send().then([](auto&& response) {
      auto head = response.getHead();
      Pulled pulled;
      if (head.getCommit().size() > 0) pulled.head = to_hash(head.getCommit());
      return std::pair(response.getOutcome(), pulled);
    });
    auto never = broken.promise.then(
        []() -> std::pair<protocol::Reader::Outcome, Pulled> { KJ_UNREACHABLE; });
    auto [outcome, pulled] = co_await answer.exclusiveJoin(kj::mv(never));
    if (outcome == protocol::Reader::Outcome::UNKNOWN && !haves.empty()) {
      const Hash ours = haves.back();
      haves.clear();
      KJ_IF_MAYBE (common, co_await find_common(repo.store(), reader, ours)) {
        haves = {*common};
      }
      continue;
    }
    if (outcome == protocol::Reader::Outcome::CURRENT && pulled.head) {
      progress->landed = get_or_throw(take_over(repo, plan, haves, *pulled.head));
    }
    pulled.landed = progress->landed;
    pulled.commits = progress->commits;
    pulled.how = outcome == protocol::Reader::Outcome::ABSENT ? Pulled::How::absent
                 : outcome == protocol::Reader::Outcome::SENT ? Pulled::How::received
                                                              : Pulled::How::current;
    co_return std::move(pulled);
  }
}

}  // namespace

Task<Pulled> pull(Repo& repo, protocol::Session::Client session, PullPlan plan) {
  return run(repo, kj::mv(session), std::move(plan), Follow::no, std::make_shared<Progress>());
}

Task<void> follow(Repo& repo, protocol::Session::Client session, PullPlan plan,
                  std::shared_ptr<PeerHas> has, kj::Function<void(const Landed&)> landed) {
  auto progress = std::make_shared<Progress>();
  progress->has = has;
  progress->tell = [has, landed = kj::mv(landed)](const Landed& what) mutable {
    has->add(what.head.hash);
    landed(what);
  };
  // A piece under way may still land when this is dropped, but nobody is told.
  KJ_DEFER(progress->tell = [](const Landed&) {});
  co_await run(repo, kj::mv(session), std::move(plan), Follow::yes, progress);
}

// ---- Pushing.

Task<void> Pusher::open() {
  auto merger_request = session_.mergerRequest();
  merger_request.setBranch(to_data(branch_));
  protocol::Merger::Client merger = merger_request.send().getMerger();
  std::vector<Hash> haves(has_->heads().begin(), has_->heads().end());
  if (haves.size() > 4) haves.erase(haves.begin(), haves.end() - 4);
  if (haves.empty()) {
    auto response = co_await merger.headRequest().send();
    auto theirs = response.getHead().getCommit();
    auto ours = head_hash(repo_, branch_);
    if (theirs.size() > 0) {
      const Hash head = to_hash(theirs);
      auto known = repo_.store().commit({head, {}});
      if (known)
        haves.push_back(head);
      else if (ours) {
        KJ_IF_MAYBE (common, co_await find_common(repo_.store(), merger, *ours)) {
          haves.push_back(*common);
        }
      }
    }
  }
  for (const Hash& have : haves) has_->add(have);
  auto request = merger.pushRequest();
  auto list = request.initHaves(haves.size());
  for (size_t i = 0; i < haves.size(); ++i) list.set(i, to_data(haves[i].view()));
  request.setObjects(serve_objects(repo_.store(), branch_, has_));
  sink_ = request.send().getSink();
  out_.emplace(repo_.store(), haves);
}

Task<kj::Maybe<Hash>> Pusher::push() {
  auto ours = head_hash(repo_, branch_);
  if (!ours || has_->contains(*ours)) co_return nullptr;
  if (!out_) co_await open();
  if (has_->contains(*ours)) co_return nullptr;
  get_or_throw(out_->plan({*ours, {}}, has_->heads()));
  commits_planned_ += out_->commits_left();
  get_or_throw(share(repo_, branch_));
  has_->tell(*ours);
  auto& sink = KJ_ASSERT_NONNULL(sink_);
  const Hash theirs = co_await send_planned(*out_, sink);
  has_->add(*ours);
  co_return theirs;
}

}  // namespace ukstore
