#pragma once
// Coroutines over KJ promises: a function that returns Task<T> may `co_await` any kj::Promise or
// Task, and `co_return` a T.
//
//     Task<size_t> drain(kj::AsyncInputStream& in) {
//       size_t total = 0;
//       char buffer[4096];
//       while (size_t n = co_await in.tryRead(buffer, 1, sizeof buffer)) total += n;
//       co_return total;
//     }
//
// The body runs at once up to its first wait.  A Task converts to kj::Promise<T>, once; dropping
// the Task, or the promise made of it, cancels: the body's locals are destroyed where it waits.
// What the body throws becomes the promise's exception.  Parameters by reference must outlive the
// task. As with any KJ promise, a task must not destroy itself, and belongs to its thread's event
// loop.

#include <kj/async.h>

#include <coroutine>
#include <exception>
#include <utility>

namespace ukstore::libos_kj {

template <typename T>
class Task;

namespace task_detail {

// What a suspended body waits for.
class Awaited {
 public:
  virtual void collect() = 0;

 protected:
  ~Awaited() = default;
};

// The event that resumes a body.  It lives in the coroutine's frame, so that it outlives each wait.
class Resumption final : public kj::_::Event {
 public:
  void wait_for(kj::_::PromiseNode& node, Awaited& awaited, std::coroutine_handle<> body) {
    awaited_ = &awaited;
    node_ = &node;
    body_ = body;
    node.onReady(this);
  }
  void traceEvent(kj::_::TraceBuilder& builder) override {
    if (node_) node_->tracePromise(builder, true);
  }

 private:
  kj::Maybe<kj::Own<kj::_::Event>> fire() override {
    node_ = nullptr;
    awaited_->collect();
    body_.resume();
    return nullptr;
  }
  Awaited* awaited_ = nullptr;
  kj::_::PromiseNode* node_ = nullptr;
  std::coroutine_handle<> body_;
};

template <typename U>
class Awaiter final : private Awaited {
 public:
  Awaiter(kj::Promise<U>&& promise, Resumption& resumption)
      : node_(kj::_::PromiseNode::from(kj::mv(promise))), resumption_(resumption) {
    node_->setSelfPointer(&node_);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> body) { resumption_.wait_for(*node_, *this, body); }
  U await_resume() { return kj::_::convertToReturn(kj::mv(result_)); }

 private:
  void collect() override {
    node_->get(result_);
    node_ = nullptr;
  }
  kj::Own<kj::_::PromiseNode> node_;
  kj::_::ExceptionOr<kj::_::FixVoid<U>> result_;
  Resumption& resumption_;
};

// Where a body's result goes: kept until there is a promise to fulfill.
template <typename T>
class Outcome {
 public:
  void attach(kj::PromiseFulfiller<T>& fulfiller) {
    fulfiller_ = &fulfiller;
    settle();
  }
  void set(kj::_::FixVoid<T>&& value) {
    result_.value = kj::mv(value);
    settle();
  }
  void fail(kj::Exception&& exception) {
    result_.addException(kj::mv(exception));
    settle();
  }

 private:
  void settle() {
    if (!fulfiller_) return;
    KJ_IF_MAYBE (exception, result_.exception) {
      fulfiller_->reject(kj::mv(*exception));
    } else KJ_IF_MAYBE (value, result_.value) {
      fulfiller_->fulfill(kj::mv(*value));
    }
  }
  kj::_::ExceptionOr<kj::_::FixVoid<T>> result_;
  kj::PromiseFulfiller<T>* fulfiller_ = nullptr;
};

template <typename T>
struct ReturnValue {
  Outcome<T> outcome;
  template <typename U = T>
  void return_value(U&& value) {
    outcome.set(T(std::forward<U>(value)));
  }
};
template <>
struct ReturnValue<void> {
  Outcome<void> outcome;
  void return_void() { outcome.set(kj::_::Void()); }
};

}  // namespace task_detail

template <typename T>
class [[nodiscard]] Task {
 public:
  struct promise_type : task_detail::ReturnValue<T> {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void unhandled_exception() {
      KJ_IF_MAYBE (exception, kj::runCatchingExceptions([] { throw; })) {
        this->outcome.fail(kj::mv(*exception));
      }
    }

    template <typename U>
    task_detail::Awaiter<U> await_transform(kj::Promise<U>&& promise) {
      return {kj::mv(promise), resumption};
    }
    template <typename U>
    task_detail::Awaiter<U> await_transform(Task<U>&& task) {
      return {kj::Promise<U>(kj::mv(task)), resumption};
    }
    task_detail::Resumption resumption;
  };

  Task(Task&& other) noexcept : body_(std::exchange(other.body_, nullptr)) {}
  ~Task() noexcept {
    if (body_) body_.destroy();
  }
  KJ_DISALLOW_COPY(Task);

  operator kj::Promise<T>() && {
    return kj::newAdaptedPromise<T, Attachment>(std::exchange(body_, nullptr));
  }

  // Runs the event loop until the task is done; its result, or what it threw.
  T wait(kj::WaitScope& scope) && { return kj::Promise<T>(kj::mv(*this)).wait(scope); }

 private:
  using Handle = std::coroutine_handle<promise_type>;

  // Owns the body on behalf of the promise.
  class Attachment {
   public:
    Attachment(kj::PromiseFulfiller<T>& fulfiller, Handle body) : body_(body) {
      body_.promise().outcome.attach(fulfiller);
    }
    ~Attachment() noexcept(false) { body_.destroy(); }
    KJ_DISALLOW_COPY(Attachment);

   private:
    Handle body_;
  };

  explicit Task(Handle body) : body_(body) {}
  Handle body_;
};

}  // namespace ukstore::libos_kj
