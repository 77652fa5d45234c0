#pragma once
/// What a camera's connection knows of going on with a capture over a lost connection: the
/// capture's name, what of it came and what the camera hears of that, and what has to wait while a
/// new connection asks. Lives on the camera's network loop. Spec: docs/camera.md, "Resuming".
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "base/buffer.h"
#include "capture/camera_link.h"
#include "loop/timers.h"

namespace st::capture {

class Resumption {
 public:
    /// A binary message, or a text.
    using Unread = std::variant<Buffer, std::string>;
    using Send = std::function<void(const std::string& text)>;
    /// The last message that is safe here; nullopt: none is.
    using Safe = std::function<std::optional<std::uint32_t>()>;

    /// `timers` outlives this.
    Resumption(loop::Timers& timers, Send send, Safe safe)
        : timers_(timers), send_(std::move(send)), safe_(std::move(safe)) {}
    Resumption(const Resumption&) = delete;
    Resumption& operator=(const Resumption&) = delete;
    ~Resumption() { stop_telling(); }

    /// Whether the camera declared it, and the server lets it.
    void set_able(bool is_able) { is_able_ = is_able; }
    bool is_able() const { return is_able_; }

    // ---- the capture ----------------------------------------------------------------------------

    /// Another one begins, with a name that nobody can guess.
    void begin_capture();
    /// One was begun on this connection.
    bool has_begun() const { return has_begun_; }
    /// The camera has begun another one by itself: its messages count from 0 again.
    void count_anew();
    /// Its name; "" of a camera that does not resume.
    const std::string& capture() const { return capture_; }
    /// False: the message had come on the lost connection.
    bool take_seq(std::uint32_t seq);
    /// Of the last message.
    std::optional<std::uint32_t> last_seq() const { return last_seq_; }
    /// Another connection could go on where this one is.
    bool can_go_on() const { return is_able_ && last_seq_ && !capture_.empty(); }

    /// Says each second what is safe, while `is_due` and the capture has a name.
    void set_telling(bool is_due);
    /// Nothing that came is of use any more: says so.
    void tell_all_received();
    /// The capture is over: says that all that came is safe as soon as it is, by `safe`; not at all
    /// if it is not for long.
    void tell_all_when_safe(Safe safe);
    /// Says nothing more: nobody hears it.
    void stop_telling();

    // ---- the connection is lost -----------------------------------------------------------------

    /// What the next one needs to know.
    void keep(Suspended& kept);
    /// keep() was called: that next one is awaited.
    bool is_suspended() const { return is_suspended_; }

    // ---- this is the next one -------------------------------------------------------------------

    /// It asks whether it may go on: what comes meanwhile waits for the answer.
    void ask() { is_asking_ = true; }
    bool is_asking() const { return is_asking_; }
    void put_off(Unread message) { unread_.push_back(std::move(message)); }
    void answered(const Resumed& answer);
    /// What was put off; of a capture that is over only texts.
    std::deque<Unread> take_unread() { return std::exchange(unread_, {}); }
    /// What it is to go on with, once.
    std::shared_ptr<const Suspended> take_offered() { return std::exchange(offered_, nullptr); }
    /// Goes on with that, and says from where as soon as anything of it is safe. How long the
    /// camera was away.
    std::chrono::microseconds go_on(const Suspended& kept);

    /// Its messages are those that waited, until one is new.
    bool is_catching_up() const { return catching_up_.has_value(); }
    /// Counts one. The note for the recording, if that is the first that is not late.
    std::optional<camera::ResumedNote> count(bool is_late);
    /// The note, if the recording ends before that.
    std::optional<camera::ResumedNote> take_note() {
        return std::exchange(catching_up_, std::nullopt);
    }

    /// How often the camera hears what is safe.
    static constexpr std::chrono::seconds kTellInterval{1};
    /// How often it is looked whether a word that the camera waits for can be said.
    static constexpr std::chrono::milliseconds kLookInterval{20};
    static constexpr std::chrono::seconds kEndPatience{60};

 private:
    /// All of a capture that is over.
    struct Rest {
        std::string capture;
        std::uint32_t seq = 0;
        Safe safe;
        std::int64_t until_ns = 0;
    };

    bool tell_safe();
    void look_for_rest();

    loop::Timers& timers_;
    const Send send_;
    const Safe safe_;
    bool is_able_ = false;
    bool is_suspended_ = false;
    bool has_begun_ = false;
    bool is_asking_ = false;
    std::string capture_;  ///< "": none began
    std::optional<std::uint32_t> last_seq_;
    std::optional<std::uint32_t> resumed_after_;  ///< the last that came on the lost connection
    std::deque<Unread> unread_;
    std::shared_ptr<const Suspended> offered_;
    std::optional<camera::ResumedNote> catching_up_;
    loop::TimerId timer_ = 0;
    bool is_answer_due_ = false;  ///< the camera waits for a word on where to go on
    std::optional<Rest> rest_;
    loop::TimerId rest_timer_ = 0;
};

}  // namespace st::capture
