#include <gtest/gtest.h>

#include "mux/recording.h"

namespace st::mux {
namespace {

namespace fs = std::filesystem;

class Limits : public Muxing {
 protected:
    /// Ten pictures of each of `sizes` sizes.
    static std::vector<Sent> changing_sizes(std::uint32_t sizes) {
        std::vector<Sent> all;
        for (std::uint32_t i = 0; i < sizes; ++i) {
            for (Sent& sent : make_messages(10, {.poc_type = 2, .columns = 20 + i})) {
                sent.device_ms += 400 * i;
                all.push_back(std::move(sent));
            }
        }
        return all;
    }
};

TEST_F(Limits, changes_of_size_make_so_many_parts_and_no_picture_is_lost) {
    Job one = job(plain_dump(changing_sizes(6)));
    one.input_format = InputFormat::dump;
    one.parts_max = 3;
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 60U);
    ASSERT_EQ(report->files.size(), 3U);
    EXPECT_EQ(report->files[0].pictures, 10U);
    EXPECT_EQ(report->files[2].pictures, 40U) << "the later sizes stay in the last part";
    one.parts_max = kPartsMax;
    EXPECT_EQ(convert(one)->files.size(), 6U);
}

TEST_F(Limits, larger_pictures_than_may_be_decoded_are_written_all_the_same) {
    Job one = job(plain_dump(make_messages(10)));
    one.input_format = InputFormat::dump;
    one.check_decoding = true;
    one.thumbnail = path("first.jpg");
    one.decoded_max = {100, 100};
    const auto report = convert(one);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_EQ(report->pictures, 10U);
    EXPECT_EQ(report->undecoded, "out.mp4: pictures of 320x240 are not decoded, at most 100x100");
    EXPECT_EQ(files(), (std::vector<std::string>{"input", "out.mp4"}));
    one.decoded_max = {320, 240};
    const auto decoded = convert(one);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(decoded->undecoded, "");
    EXPECT_EQ(files(), (std::vector<std::string>{"first.jpg", "input", "out.mp4"}));
}

TEST_F(Limits, a_link_in_an_outputs_place_is_replaced_where_links_are_not_followed) {
    std::ofstream(path("victim")) << "precious";
    fs::create_symlink("victim", path("out.mp4"));
    Job one = job(plain_dump(make_messages(10)));
    one.input_format = InputFormat::dump;
    one.links = mp4::Links::replace;
    ASSERT_TRUE(convert(one));
    EXPECT_EQ(fs::file_size(path("victim")), 8U);
    EXPECT_FALSE(fs::is_symlink(path("out.mp4")));
    EXPECT_GT(fs::file_size(path("out.mp4")), 1000U);
}

}  // namespace
}  // namespace st::mux
