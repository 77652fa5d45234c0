#include "camera/states.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <vector>

namespace st::camera {
namespace {

std::vector<State> all_states() {
    std::vector<State> states;
    for (std::size_t i = 0; i < kStates; ++i) states.push_back(static_cast<State>(i));
    return states;
}

std::vector<Input> all_inputs() {
    std::vector<Input> inputs;
    for (std::size_t i = 0; i < kInputs; ++i) inputs.push_back(static_cast<Input>(i));
    return inputs;
}

bool acts(const Transition& cell, Action action) {
    for (const Action a : cell.actions) {
        if (a == action) return true;
    }
    return false;
}

std::string label(State state, Input input) {
    return std::string(to_string(state)) + " x " + std::string(to_string(input));
}

TEST(States, every_value_has_its_own_name) {
    std::set<std::string_view> names;
    for (const State s : all_states()) names.insert(to_string(s));
    EXPECT_EQ(names.size(), kStates);
    names.clear();
    for (const Input i : all_inputs()) names.insert(to_string(i));
    EXPECT_EQ(names.size(), kInputs);
    names.clear();
    for (std::size_t a = 0; a < kActions; ++a) names.insert(to_string(static_cast<Action>(a)));
    EXPECT_EQ(names.size(), kActions);
    names.clear();
    for (std::size_t r = 0; r < kEndReasons; ++r)
        names.insert(to_string(static_cast<EndReason>(r)));
    EXPECT_EQ(names.size(), kEndReasons);
    EXPECT_EQ(names.count(""), 0U);
}

TEST(States, no_session_is_left_open_and_none_is_opened_twice) {
    // A session can be open in recording, and in stopping.
    for (const State state : all_states()) {
        for (const Input input : all_inputs()) {
            SCOPED_TRACE(label(state, input));
            const Transition& cell = transition(state, input);
            const bool may_be_open = state == State::recording || state == State::stopping;
            const bool open_after = cell.next == State::recording || cell.next == State::stopping;
            if (may_be_open && !open_after) {
                EXPECT_TRUE(acts(cell, Action::end_session) || acts(cell, Action::keep_session));
            }
            if (may_be_open && acts(cell, Action::open_session)) {
                EXPECT_EQ(cell.actions[0], Action::end_session);
            }
            if (!may_be_open) {
                EXPECT_FALSE(acts(cell, Action::end_session));
            }
            if (cell.next == State::recording && state != State::recording) {
                EXPECT_TRUE(acts(cell, Action::open_session) || acts(cell, Action::take_session));
            }
            if (acts(cell, Action::open_session)) {
                EXPECT_TRUE(open_after);
            }
        }
    }
}

TEST(States, gone_is_final_and_only_leaving_leads_there) {
    for (const Input input : all_inputs()) {
        SCOPED_TRACE(label(State::gone, input));
        EXPECT_EQ(transition(State::gone, input).next, State::gone);
        EXPECT_FALSE(acts(transition(State::gone, input), Action::open_session));
        EXPECT_FALSE(acts(transition(State::gone, input), Action::send_start));
        EXPECT_FALSE(acts(transition(State::gone, input), Action::send_stop));
    }
    for (const State state : all_states()) {
        for (const Input input : all_inputs()) {
            if (state == State::gone) continue;
            const bool leaves = input == Input::disconnected || input == Input::replaced ||
                                input == Input::suspended;
            EXPECT_EQ(transition(state, input).next == State::gone, leaves) << label(state, input);
        }
    }
}

TEST(States, no_frame_of_a_connected_camera_is_dropped) {
    for (const State state : all_states()) {
        const Transition& cell = transition(state, Input::frame);
        EXPECT_EQ(cell.next, state);
        EXPECT_EQ(acts(cell, Action::drop_frame), state == State::gone) << to_string(state);
        const bool writes = state == State::recording || state == State::stopping;
        EXPECT_EQ(acts(cell, Action::write_frame), writes) << to_string(state);
    }
}

TEST(States, every_wait_for_a_start_is_answered) {
    // Who waits for a start waits in starting; whatever leads out of it must say so.
    for (const Input input : all_inputs()) {
        const Transition& cell = transition(State::starting, input);
        if (cell.next == State::starting) continue;
        EXPECT_TRUE(acts(cell, Action::answer_started) || acts(cell, Action::answer_refused) ||
                    acts(cell, Action::answer_start_timeout) ||
                    acts(cell, Action::answer_already_recording) ||
                    acts(cell, Action::answer_disconnected))
            << label(State::starting, input);
    }
    for (const State state : all_states()) {
        const Transition& cell = transition(state, Input::start_requested);
        EXPECT_TRUE(cell.next == State::starting || acts(cell, Action::answer_already_recording) ||
                    acts(cell, Action::answer_refused) || acts(cell, Action::answer_disconnected))
            << to_string(state);
    }
}

TEST(States, a_whole_life_of_a_camera) {
    State state = State::idle;
    const auto feed = [&](Input input) {
        const Transition& cell = transition(state, input);
        state = cell.next;
        return cell;
    };
    feed(Input::ready);
    EXPECT_TRUE(acts(feed(Input::start_requested), Action::send_start));
    EXPECT_TRUE(acts(feed(Input::frame), Action::hold_frame));
    EXPECT_TRUE(acts(feed(Input::capture_started), Action::open_session));
    EXPECT_TRUE(acts(feed(Input::frame), Action::write_frame));
    EXPECT_EQ(feed(Input::max_session).reason, EndReason::max_session);
    EXPECT_EQ(state, State::recording);
    EXPECT_TRUE(acts(feed(Input::stop_requested), Action::send_stop));
    EXPECT_TRUE(acts(feed(Input::frame), Action::write_frame));
    EXPECT_EQ(feed(Input::capture_stopped).reason, EndReason::stopped);
    EXPECT_EQ(state, State::finalising);
    EXPECT_TRUE(acts(feed(Input::finalised), Action::answer_stopped));
    EXPECT_EQ(state, State::idle);
}

TEST(States, nothing_but_a_start_makes_a_recording_of_a_preview) {
    for (const Input input : all_inputs()) {
        SCOPED_TRACE(label(State::previewing, input));
        const Transition& cell = transition(State::previewing, input);
        EXPECT_FALSE(acts(cell, Action::open_session));
        EXPECT_FALSE(acts(cell, Action::hold_frame));
        EXPECT_EQ(cell.next == State::starting, input == Input::start_requested);
    }
    EXPECT_EQ(transition(State::starting, Input::preview_entry).next, State::recording);
    for (const State state : all_states()) {
        if (state == State::starting) continue;
        EXPECT_EQ(transition(state, Input::preview_entry).next, state) << to_string(state);
    }
}

TEST(States, a_recording_that_is_over_leaves_a_camera_streaming_for_who_watches) {
    for (const State state : all_states()) {
        SCOPED_TRACE(label(state, Input::recording_over));
        const Transition& cell = transition(state, Input::recording_over);
        EXPECT_FALSE(acts(cell, Action::send_stop));
        if (state == State::recording) {
            EXPECT_TRUE(acts(cell, Action::end_session));
            EXPECT_EQ(cell.reason, EndReason::stopped);
            EXPECT_EQ(cell.next, State::previewing);
        }
    }
}

TEST(States, every_wait_for_a_preview_is_answered) {
    for (const State state : all_states()) {
        const Transition& cell = transition(state, Input::preview_requested);
        EXPECT_TRUE(cell.next == State::previewing || acts(cell, Action::answer_previewing) ||
                    acts(cell, Action::answer_refused) || acts(cell, Action::answer_disconnected))
            << to_string(state);
    }
    for (const Input input : {Input::camera_error, Input::start_timeout, Input::capture_started,
                              Input::replaced, Input::disconnected, Input::shutdown}) {
        const Transition& cell = transition(State::previewing, input);
        EXPECT_TRUE(acts(cell, Action::answer_previewing) || acts(cell, Action::answer_refused) ||
                    acts(cell, Action::answer_start_timeout) ||
                    acts(cell, Action::answer_disconnected))
            << to_string(input);
    }
}

TEST(States, the_documentation_prints_this_table) {
    std::ifstream file(ST_SOURCE_DIR "/docs/camera.md");
    const std::string page((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    EXPECT_NE(page.find(states_table()), std::string::npos)
        << "docs/camera.md, \"States\", must contain exactly:\n"
        << states_table();
}

}  // namespace
}  // namespace st::camera
