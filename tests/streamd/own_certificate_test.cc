#include "streamd/own_certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "certificate/authority.h"
#include "support/temporary_folder.h"

namespace st::streamd {
namespace {

using std::chrono::hours;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class KeepCertificate : public testing::Test {
 protected:
    std::string own() const { return folder_ + "/recordings/.streamd"; }
    OwnCertificate keep() { return keep_certificate(own(), identity_); }
    std::string authority() const { return test::read_text(own() + "/authority.crt"); }
    std::string server() const { return test::read_text(own() + "/streamd.crt"); }

    const test::TemporaryFolder temporary_;
    const std::string& folder_ = temporary_.path();
    Identity identity_{{"box", "box.local"}, {"127.0.0.1", "10.1.2.3"}, {"10.1.2.0/24"}};
};

TEST_F(KeepCertificate, makes_an_authority_and_a_certificate_that_only_the_owner_can_use) {
    const OwnCertificate made = keep();
    EXPECT_EQ(certificate::why_refused(server(), authority()), "");
    EXPECT_EQ(made.authority.pem, authority());
    EXPECT_THAT(certificate::read(server()).addresses, ElementsAre("10.1.2.3", "127.0.0.1"));
    EXPECT_THAT(certificate::read(server()).names, ElementsAre("box", "box.local"));
    const auto life = certificate::read(server()).expires - std::chrono::system_clock::now();
    EXPECT_LE(life + hours(24), hours(397 * 24)) << "with the day before";
    EXPECT_GT(life, hours(300 * 24));
    for (const char* key : {"/authority.key", "/streamd.key"}) {
        struct stat facts {};
        ASSERT_EQ(::stat((own() + key).c_str(), &facts), 0);
        EXPECT_EQ(facts.st_mode & 0777U, 0600U) << key;
    }
    EXPECT_NE(server().find(authority()), std::string::npos);
}

TEST_F(KeepCertificate, changes_nothing_while_nothing_has_changed) {
    keep();
    const std::string before = server();
    EXPECT_THAT(keep().notes, IsEmpty());
    EXPECT_EQ(server(), before);
}

TEST_F(KeepCertificate, follows_the_addresses_without_another_authority) {
    keep();
    const std::string before = authority();
    for (const auto& addresses : std::vector<std::vector<std::string>>{
             {"127.0.0.1", "10.1.2.99"}, {"127.0.0.1", "192.168.7.7", "fd00::9"}, {"127.0.0.1"}}) {
        identity_.addresses = addresses;
        EXPECT_THAT(keep().notes, ElementsAre(HasSubstr("certificate: made for box box.local ")));
        EXPECT_EQ(authority(), before);
        EXPECT_EQ(certificate::read(server()).addresses.size(), addresses.size());
        EXPECT_EQ(certificate::why_refused(server(), before), "");
    }
}

TEST_F(KeepCertificate, leaves_out_a_foreign_address_while_others_do) {
    keep();
    const std::string before = authority();
    identity_.addresses.emplace_back("2001:db8::7");
    EXPECT_THAT(keep().notes, Contains(HasSubstr("not for 2001:db8::7")));
    EXPECT_EQ(authority(), before);
    EXPECT_EQ(certificate::why_refused(server(), before), "");
}

TEST_F(KeepCertificate, makes_the_authority_anew_with_its_key_when_nothing_else_does) {
    const std::string before = keep().authority.pem;
    const std::string old_server = server();
    const std::string key = test::read_text(own() + "/authority.key");
    identity_.addresses = {"127.0.0.1", "203.0.113.5"};
    identity_.networks = {"203.0.113.0/24"};
    const OwnCertificate made = keep();
    EXPECT_THAT(made.notes, Contains(HasSubstr("phones that trust it need it again")));
    EXPECT_NE(authority(), before);
    EXPECT_EQ(test::read_text(own() + "/authority.key"), key);
    EXPECT_EQ(certificate::why_refused(server(), authority()), "");
    EXPECT_EQ(certificate::why_refused(old_server, authority()), "") << "it covers both";
    identity_.addresses = {"127.0.0.1", "203.0.113.77"};
    EXPECT_EQ(keep().authority.pem, made.authority.pem) << "the same network";
}

TEST_F(KeepCertificate, a_new_name_needs_the_authority_anew_and_one_below_a_known_one_does_not) {
    const std::string before = keep().authority.pem;
    identity_.names.emplace_back("cams.box.local");
    EXPECT_EQ(keep().authority.pem, before);
    identity_.names.emplace_back("cams.lab.example");
    EXPECT_NE(keep().authority.pem, before);
    EXPECT_EQ(certificate::why_refused(server(), authority()), "");
}

TEST_F(KeepCertificate, renews_what_ends_soon_or_was_half_written) {
    const OwnCertificate made = keep();
    const certificate::CertificateAndKey issuer{authority(),
                                                test::read_text(own() + "/authority.key")};
    const auto soon = certificate::make_server_certificate(
        {identity_.names, identity_.addresses, {hours(-24), hours(24)}}, issuer);
    std::ofstream(made.files.certificate) << soon.certificate;
    std::ofstream(made.files.key) << soon.key;
    EXPECT_THAT(keep().notes, ElementsAre(HasSubstr("certificate: made for")));
    for (const std::string& path : {made.files.certificate, made.files.key}) {
        std::ofstream(path) << "";
        EXPECT_THAT(keep().notes, ElementsAre(HasSubstr("certificate: made for"))) << path;
        std::ofstream(path) << test::read_text(
            made.files.certificate == path ? own() + "/authority.crt" : own() + "/authority.key");
        EXPECT_THAT(keep().notes, ElementsAre(HasSubstr("certificate: made for"))) << path;
    }
    EXPECT_EQ(authority(), made.authority.pem);
}

class KeepCertificateClock : public KeepCertificate {
 protected:
    /// As if everything had been made `ahead` of the present clock.
    void make_in_the_future(hours ahead) {
        keep();
        const certificate::Facts facts = certificate::read(authority());
        issuer_ = certificate::make_authority({"streamd on box",
                                               facts.limits,
                                               {ahead - hours(24), ahead + hours(10 * 365 * 24)},
                                               test::read_text(own() + "/authority.key")});
        std::ofstream(own() + "/authority.crt") << issuer_.certificate;
        write_server(ahead - hours(24), ahead + hours(396 * 24));
    }
    void write_server(hours from, hours until) {
        const auto made = certificate::make_server_certificate(
            {identity_.names, identity_.addresses, {from, until}}, issuer_);
        std::ofstream(own() + "/streamd.crt") << made.certificate << issuer_.certificate;
        std::ofstream(own() + "/streamd.key") << made.key;
    }
    std::string refused_in(hours time) const {
        return certificate::why_refused(server(), issuer_.certificate,
                                        std::chrono::system_clock::now() + time);
    }

    certificate::CertificateAndKey issuer_;
};

TEST_F(KeepCertificateClock, keeps_what_is_there_when_it_is_set_back) {
    for (const hours back : {hours(48), hours(400 * 24), hours(9 * 365 * 24)}) {
        make_in_the_future(back);
        const std::string before = server();
        EXPECT_THAT(keep().notes, ElementsAre(testing::AllOf(HasSubstr("the clock says 20"),
                                                             HasSubstr("authority.crt"))));
        EXPECT_EQ(server(), before);
        EXPECT_EQ(authority(), issuer_.certificate);
        EXPECT_EQ(refused_in(back), "") << "once the clock is right";
    }
}

TEST_F(KeepCertificateClock, what_it_makes_while_it_is_set_back_is_right_once_the_clock_is) {
    const hours back(400 * 24);
    make_in_the_future(back);
    identity_.addresses = {"127.0.0.1", "10.1.2.77"};
    EXPECT_THAT(keep().notes, Contains(HasSubstr("certificate: made for box")));
    EXPECT_EQ(authority(), issuer_.certificate);
    EXPECT_EQ(refused_in(back), "");
    EXPECT_EQ(refused_in(back + hours(300 * 24)), "");
    std::filesystem::remove(own() + "/streamd.crt");
    EXPECT_THAT(keep().notes, Contains(HasSubstr("certificate: made for box")));
    EXPECT_EQ(refused_in(back), "");
    identity_.names.emplace_back("cams.lab.example");  // which the authority has to be made for
    EXPECT_THAT(keep().notes, Contains(HasSubstr("authority: made anew")));
    const auto later = std::chrono::system_clock::now() + back;
    EXPECT_EQ(certificate::why_refused(server(), authority(), later), "");
}

TEST_F(KeepCertificateClock, a_certificate_of_the_future_is_made_anew_where_the_authority_is_not) {
    make_in_the_future(hours(0));
    write_server(hours(100 * 24), hours(400 * 24));
    EXPECT_THAT(keep().notes, ElementsAre(HasSubstr("certificate: made for box")));
    EXPECT_EQ(refused_in(hours(0)), "");
}

TEST_F(KeepCertificate, does_not_replace_an_authority_that_it_cannot_read) {
    keep();
    for (const char* name : {"/authority.crt", "/authority.key"}) {
        const std::string path = own() + name;
        const std::string before = test::read_text(path);
        std::ofstream(path) << "gone";
        EXPECT_THROW(keep(), std::runtime_error) << name;
        EXPECT_EQ(test::read_text(path), "gone");
        std::ofstream(path) << before;
        EXPECT_NO_THROW(keep());
    }
    const std::string certificate = own() + "/authority.crt";
    std::filesystem::rename(certificate, certificate + ".kept");
    std::filesystem::create_directory(certificate);
    EXPECT_THROW(keep(), std::runtime_error);
    std::filesystem::remove(certificate);
    std::ofstream(certificate) << test::read_text(certificate + ".kept")
                               << std::string(70'000, '\n');
    EXPECT_THROW(keep(), std::runtime_error) << "longer than any is";
    std::filesystem::rename(certificate + ".kept", certificate);
    EXPECT_NO_THROW(keep());
    std::filesystem::remove(own() + "/authority.key");
    EXPECT_THROW(keep(), std::runtime_error);
}

TEST_F(KeepCertificate, makes_the_certificate_of_an_authority_whose_key_was_written_alone) {
    keep();
    const std::string key = test::read_text(own() + "/authority.key");
    std::ofstream(own() + "/authority.crt", std::ios::trunc).flush();
    EXPECT_THAT(keep().notes, Contains(HasSubstr("its key was there alone")));
    std::filesystem::remove(own() + "/authority.crt");
    EXPECT_THAT(keep().notes, Contains(HasSubstr("its key was there alone")));
    EXPECT_EQ(test::read_text(own() + "/authority.key"), key);
    EXPECT_EQ(certificate::why_refused(server(), authority(), std::chrono::system_clock::now()),
              "");
    EXPECT_THAT(keep().notes, IsEmpty());
}

TEST(Identity, has_the_machine_and_what_was_added_but_nothing_that_is_no_name) {
    const Identity identity = identity_of_machine({"cams.example", "a,b", "", "*", "localhost"});
    EXPECT_THAT(identity.names, testing::IsSupersetOf({"localhost", "cams.example"}));
    EXPECT_EQ(std::count(identity.names.begin(), identity.names.end(), "localhost"), 1);
    EXPECT_THAT(identity.names, testing::Not(Contains("a,b")));
    EXPECT_THAT(identity.names, testing::Not(Contains("*")));
    EXPECT_THAT(identity.addresses, testing::IsSupersetOf({"127.0.0.1", "::1"}));
}

}  // namespace
}  // namespace st::streamd
