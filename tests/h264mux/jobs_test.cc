#include "h264mux/jobs.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cli/exit_codes.h"
#include "mux/picture_table.h"
#include "support/temporary_folder.h"

namespace st::h264mux {
namespace {

namespace fs = std::filesystem;
using mux::OutputFormat;

class JobsTest : public testing::Test {
 protected:
    JobsTest() {
        for (const char* name : {"a.fdump", "b.h264", "sub/a.fdump", "door.1/stream.fdump"}) {
            fs::create_directories(fs::path(path(name)).parent_path());
            std::ofstream(path(name)) << "x";
        }
    }

    std::string path(const std::string& name) const { return folder_ + "/" + name; }

    /// The outputs that these options lead to, or the error's text.
    std::vector<std::string> outputs(const Options& options) {
        const auto jobs = plan_jobs(options);
        if (!jobs) return {jobs.error().message};
        std::vector<std::string> out;
        for (const PlannedJob& planned : *jobs) {
            std::string output = planned.job.output;
            if (output.starts_with(folder_ + "/")) output.erase(0, folder_.size() + 1);
            out.push_back(output);
        }
        return out;
    }
    void expect_error(const Options& options, int code, const std::string& message) {
        const auto jobs = plan_jobs(options);
        ASSERT_FALSE(jobs) << message;
        EXPECT_EQ(jobs.error().message, message);
        EXPECT_EQ(jobs.error().code, code);
    }
    Options of(std::vector<std::string> inputs) const {
        Options options;
        for (const std::string& input : inputs) options.inputs.push_back(path(input));
        return options;
    }

    const test::TemporaryFolder temporary_;
    const std::string& folder_ = temporary_.path();
};

using Outputs = std::vector<std::string>;

TEST_F(JobsTest, an_output_lies_beside_its_input) {
    EXPECT_EQ(outputs(of({"a.fdump", "b.h264"})), (Outputs{"a.mp4", "b.mp4"}));
    Options flv = of({"a.fdump"});
    flv.format = OutputFormat::flv;
    EXPECT_EQ(outputs(flv), Outputs{"a.flv"});
    flv.format = OutputFormat::fmp4;
    EXPECT_EQ(outputs(flv), Outputs{"a.mp4"});
}

TEST_F(JobsTest, the_outputs_name_says_the_format) {
    for (const auto& [name, format] :
         {std::pair{"o.flv", OutputFormat::flv}, std::pair{"o.h264", OutputFormat::h264},
          std::pair{"o.264", OutputFormat::h264}, std::pair{"o.dump", OutputFormat::dump},
          std::pair{"o.mp4", OutputFormat::mp4}, std::pair{"o", OutputFormat::mp4}}) {
        Options options = of({"a.fdump"});
        options.output = path(name);
        const auto jobs = plan_jobs(options);
        ASSERT_TRUE(jobs) << jobs.error().message;
        EXPECT_EQ(jobs->front().job.format, format) << name;
    }
    Options foreign = of({"a.fdump"});
    foreign.output = path("o.MKV");
    expect_error(foreign, cli::kUsage,
                 "--output " + path("o.MKV") +
                     ": files of that kind are not written; --format mp4, fmp4, flv, h264 or "
                     "dump writes one of these under that name");
    foreign.format = OutputFormat::mp4;
    EXPECT_EQ(outputs(foreign), Outputs{"o.MKV"}) << "who says it means it";
}

TEST_F(JobsTest, a_folder_takes_every_output_and_is_made) {
    Options options = of({"a.fdump", "b.h264"});
    options.output = path("films/");
    EXPECT_EQ(outputs(options), (Outputs{"films/a.mp4", "films/b.mp4"}));
    EXPECT_TRUE(fs::is_directory(path("films")));
    // Several inputs and a name without an ending: a folder too.
    options.output = path("more");
    EXPECT_EQ(outputs(options), (Outputs{"more/a.mp4", "more/b.mp4"}));
    Options one = of({"a.fdump"});
    one.output = path("sub");
    EXPECT_EQ(outputs(one), Outputs{"sub/a.mp4"}) << "it exists, and is a folder";
}

TEST_F(JobsTest, a_sessions_own_film_lies_in_its_folder) {
    const auto jobs = plan_jobs(of({"door.1"}));
    ASSERT_TRUE(jobs) << jobs.error().message;
    EXPECT_EQ(jobs->front().job.output, path("door.1/stream.mp4"));
    EXPECT_EQ(jobs->front().job.input, path("door.1/stream.fdump"));
    EXPECT_EQ(jobs->front().session, path("door.1")) << "session.json is to name it";
    // Elsewhere it is called after the folder, whose dots are no ending, and is nobody's own.
    Options options = of({"door.1"});
    options.output = path("sub/");
    const auto moved = plan_jobs(options);
    ASSERT_TRUE(moved) << moved.error().message;
    EXPECT_EQ(moved->front().job.output, path("sub/door.1.mp4"));
    EXPECT_EQ(moved->front().session, "");
}

TEST_F(JobsTest, two_inputs_do_not_write_one_file) {
    Options options = of({"a.fdump", "sub/a.fdump"});
    options.output = path("films/");
    expect_error(options, cli::kUsage, "two inputs would both write " + path("films/a.mp4"));
    EXPECT_FALSE(fs::exists(path("films"))) << "nothing is made before all is planned";
    expect_error(of({"a.fdump", "a.fdump"}), cli::kUsage,
                 "two inputs would both write " + path("a.mp4"));
    Options file = of({"a.fdump", "b.h264"});
    file.output = path("one.mp4");
    expect_error(file, cli::kUsage,
                 "--output " + path("one.mp4") + " is one file, but there are several inputs");
}

TEST_F(JobsTest, an_input_is_not_its_own_output_by_any_name) {
    Options options = of({"b.h264"});
    options.format = OutputFormat::h264;
    expect_error(options, cli::kUsage,
                 path("b.h264") + " would be its own output; name another with --output");
    fs::create_hard_link(path("b.h264"), path("c.h264"));
    options.output = path("c.h264");
    expect_error(options, cli::kUsage,
                 path("b.h264") + " would be its own output; name another with --output");
}

TEST_F(JobsTest, a_thumbnail_is_neither_input_nor_output) {
    Options options = of({"a.fdump"});
    options.thumbnail = path("sub/../a.fdump");
    expect_error(options, cli::kUsage, "--thumbnail " + options.thumbnail + " is an input");
    options.thumbnail = path("a.mp4");
    expect_error(options, cli::kUsage, "--thumbnail and --output are one file: " + path("a.mp4"));
    options.thumbnail = path("a.jpg");
    EXPECT_EQ(outputs(options), Outputs{"a.mp4"});
    Options many = of({"a.fdump", "b.h264"});
    many.thumbnail = path("a.jpg");
    expect_error(many, cli::kUsage, "--thumbnail is one file, but there are several inputs");
}

TEST_F(JobsTest, a_table_is_neither_input_nor_output_nor_thumbnail) {
    Options options = of({"a.fdump"});
    options.output = path("a.mp4");
    options.times = path("sub/../a.fdump");
    expect_error(options, cli::kUsage, "--times " + options.times + " is an input");
    options.times = path("sub/../a.mp4");
    expect_error(options, cli::kUsage, "--times and --output are one file: " + path("a.mp4"));
    options.times = options.thumbnail = path("a.jpg");
    expect_error(options, cli::kUsage, "--times and --thumbnail are one file: " + path("a.jpg"));
    options.times = path("a.csv");
    EXPECT_EQ(outputs(options), Outputs{"a.mp4"});
}

TEST_F(JobsTest, an_output_is_no_input_of_another_job) {
    // A dump of the plain form under the name that the first one's output would have.
    std::ofstream(path("b.dump")) << "x";
    Options options = of({"b.h264", "b.dump"});
    options.format = OutputFormat::dump;
    options.overwrite = true;
    expect_error(options, cli::kUsage, path("b.dump") + " is an input, and would be written");
    fs::create_symlink("b.dump", path("link.dump"));
    options.inputs = {path("b.h264"), path("link.dump")};
    expect_error(options, cli::kUsage, path("b.dump") + " is an input, and would be written");
}

TEST_F(JobsTest, the_rest_of_a_split_output_replaces_no_file_of_the_run) {
    for (const char* name : {"cam.h264", "cam-002.h264"}) std::ofstream(path(name)) << "x";
    Options options = of({"cam.h264", "cam-002.h264"});
    options.output = path("films/");
    const auto jobs = plan_jobs(options);
    ASSERT_TRUE(jobs) << jobs.error().message;
    const auto& may_write = jobs->front().job.may_write_part;
    EXPECT_FALSE(may_write(path("films/cam-002.mp4"))) << "the other one's output";
    EXPECT_FALSE(may_write(path("films/../cam-002.h264"))) << "an input";
    EXPECT_TRUE(may_write(path("films/cam-003.mp4")));
    EXPECT_TRUE(may_write(path("films/cam-003.mp4"))) << "read again, it is made again";
    EXPECT_FALSE(jobs->back().job.may_write_part(path("films/cam-003.mp4")));
}

TEST_F(JobsTest, what_is_not_there_is_said_with_its_code) {
    expect_error(of({"none.fdump"}), cli::kNoInput,
                 path("none.fdump") + ": No such file or directory");
    fs::create_directory(path("empty"));
    expect_error(of({"empty"}), cli::kNoInput,
                 path("empty") + ": there is no stream.fdump and no stream.h264 in this folder");
    expect_error(Options{}, cli::kUsage, "INPUT is required");
}

TEST_F(JobsTest, joined_inputs_are_one_job_with_a_named_output) {
    Options options = of({"a.fdump", "b.h264"});
    options.join = true;
    expect_error(options, cli::kUsage, "--join needs --output FILE");
    options.output = path("all.mp4");
    const auto jobs = plan_jobs(options);
    ASSERT_TRUE(jobs) << jobs.error().message;
    ASSERT_EQ(jobs->size(), 1U);
    EXPECT_EQ(jobs->front().job.input, path("a.fdump"));
    ASSERT_EQ(jobs->front().job.joined.size(), 1U);
    EXPECT_EQ(jobs->front().job.joined[0].name, path("b.h264"));
    options.align = true;
    expect_error(options, cli::kUsage, "use either --join or --align");
}

TEST_F(JobsTest, standard_output_takes_formats_that_can_be_read_as_they_come) {
    Options options = of({"a.fdump"});
    options.output = "-";
    expect_error(options, cli::kUsage, "--output - needs --format fmp4, flv or h264");
    options.format = OutputFormat::mp4;
    expect_error(options, cli::kUsage, "--output - takes --format fmp4, flv or h264 only");
    options.format = OutputFormat::fmp4;
    const auto jobs = plan_jobs(options);
    ASSERT_TRUE(jobs) << jobs.error().message;
    EXPECT_EQ(jobs->front().job.output_fd, 1);
    options.as_json = true;
    expect_error(options, cli::kUsage,
                 "use either --json or --output -: both write standard output");
}

TEST_F(JobsTest, options_that_contradict_each_other_are_said_before_anything_is_read) {
    const auto with = [&](auto change) {
        Options options = of({"none.fdump"});
        change(options);
        const auto jobs = plan_jobs(options);
        return jobs ? std::string("planned") : jobs.error().message;
    };
    EXPECT_EQ(with([](Options& o) { o.from = o.to = *parse_moment("5"); }),
              "--from must be before --to");
    EXPECT_EQ(with([](Options& o) { o.to = *parse_moment("0"); }), "--to 0 leaves nothing");
    EXPECT_EQ(with([](Options& o) { o.at = *parse_moment("5"); }),
              "--at needs --output NAME.jpg or NAME.png");
    EXPECT_EQ(with([](Options& o) {
                  o.at = o.to = *parse_moment("5");
                  o.output = "x.png";
              }),
              "use either --at or --from and --to");
    EXPECT_EQ(with([](Options& o) {
                  o.from = *parse_moment("5");
                  o.format = OutputFormat::h264;
              }),
              "--from and --to cut MP4s and FLV only");
    EXPECT_EQ(with([](Options& o) {
                  o.align = true;
                  o.fps = 25;
              }),
              "--align needs the cameras' times: no --fps and no --timing constant");
    EXPECT_EQ(with([](Options& o) {
                  o.rotate = 90;
                  o.format = OutputFormat::flv;
              }),
              "--rotate is for MP4s only");
    EXPECT_EQ(with([](Options& o) {
                  o.faststart = true;
                  o.format = OutputFormat::fmp4;
              }),
              "--faststart is for --format mp4 only");
    for (const auto timing : {mux::Timing::device, mux::Timing::arrival}) {
        EXPECT_EQ(with([&](Options& o) {
                      o.timing = timing;
                      o.fps = 25;
                  }),
                  "--fps spaces the pictures evenly: no --timing device or arrival");
    }
    EXPECT_EQ(with([](Options& o) {
                  o.only_info = true;
                  o.thumbnail = "x.jpg";
              }),
              "--info makes no --thumbnail");
    EXPECT_EQ(with([](Options& o) {
                  o.times = "x.csv";
                  o.thumbnail = "x.jpg";
              }),
              "--times without --output writes the table alone: no --thumbnail");
    EXPECT_EQ(with([](Options& o) {
                  o.at = *parse_moment("5");
                  o.output = "x.png";
                  o.times = "x.csv";
              }),
              "--at writes one picture: no --format, --join, --align, --faststart, --thumbnail, "
              "--times or --rotate");
}

TEST_F(JobsTest, a_rate_for_those_without_times_goes_with_the_clock_of_the_others) {
    Options options = of({"a.fdump", "b.h264"});
    options.join = true;
    options.output = path("all.mp4");
    options.timing = mux::Timing::device;
    options.fps = 25;
    EXPECT_EQ(outputs(options), Outputs{"all.mp4"});
}

TEST_F(JobsTest, information_needs_no_output) {
    Options options = of({"a.fdump", "a.fdump"});
    options.only_info = true;
    EXPECT_EQ(outputs(options), (Outputs{"", ""}));
}

TEST_F(JobsTest, the_table_of_a_take_keeps_its_zero) {
    const std::string folder = path("door.1/");
    const auto plan = [&](const std::string& session, const std::string& row) {
        std::ofstream(folder + "session.json") << session;
        std::ofstream(folder + "pictures.csv") << mux::kPictureTableHeader << row;
        auto jobs = plan_jobs(of({"door.1"}));
        return jobs ? jobs->front().job : mux::Job();
    };
    const std::string times = R"("times":{"first_us":5000000,"first_wall_us":1769846400900000})";
    const std::string row =
        "0,1,900000,2026-01-31T08:00:00.900007Z,,900100,0,40000,900,1,0,stream.mp4\n"
        "1,2,940000,2026-01-31T08:00:00.940007Z,,940100,40000,40000,900,0,0,stream.mp4\n";
    const mux::Job job = plan(R"({"state":"done","take":"walk",)" + times + "}", row);
    EXPECT_EQ(job.table, folder + "pictures.csv");
    ASSERT_TRUE(job.take_zero);
    EXPECT_EQ(job.take_zero->monotonic_us, 4'100'000);
    EXPECT_EQ(job.take_zero->wall_us, 1'769'846'400'000'007);
    EXPECT_FALSE(plan(R"({"state":"done","take":null,)" + times + "}", row).take_zero);
    EXPECT_FALSE(plan(R"({"state":"done","take":"walk","times":null})", row).take_zero);
    EXPECT_FALSE(plan(R"({"state":"done","take":"walk",)" + times + "}", "").take_zero);
    EXPECT_FALSE(plan(R"({"state":"done","take":"walk",)" + times + "}", "0,damaged\n").take_zero);
}

TEST_F(JobsTest, a_recording_that_failed_gets_its_table_with_its_film) {
    const std::string folder = path("door.1/");
    const auto table = [&](const std::string& state) {
        std::ofstream(folder + "session.json") << R"({"state":")" + state + "\"}";
        const auto jobs = plan_jobs(of({"door.1"}));
        return jobs ? jobs->front().job.table : jobs.error().message;
    };
    EXPECT_EQ(table("failed"), folder + "pictures.csv");
    EXPECT_EQ(table("done"), "") << "recording.keep has none";
    Options elsewhere = of({"door.1"});
    elsewhere.output = path("film.mp4");
    std::ofstream(folder + "session.json") << R"({"state":"failed"})";
    EXPECT_EQ(plan_jobs(elsewhere)->front().job.table, "");
}

}  // namespace
}  // namespace st::h264mux
