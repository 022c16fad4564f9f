//! The closed lists of a sequence file.

use winback_core::closed_enum;

closed_enum! {
    /// The purpose of a sequence.
    Kind {
        /// To win an account back.
        Outreach = "outreach",
        /// To welcome who came back.
        Return = "return",
        /// To warn the owner of an account that came back and may leave again.
        Watch = "watch",
    }
}

closed_enum! {
    /// The way of a touch.
    Channel {
        /// A mail.
        Email = "email",
        /// A message of the owner on LinkedIn.
        Linkedin = "linkedin",
        /// A call of the owner.
        Phone = "phone",
        /// A letter of one of our executives.
        Executive = "executive",
        /// A letter on paper.
        DirectMail = "direct_mail",
        /// A task of the owner that is no message.
        Task = "task",
        /// A list for advertising.
        Audience = "audience",
        /// A note in the CRM.
        Crm = "crm",
        /// A request to a receiver of the company, which writes to a person.
        Webhook = "webhook",
    }
}

impl Channel {
    /// True if a person at the account hears of it.
    pub const fn is_to_person(self) -> bool {
        match self {
            Self::Email
            | Self::Webhook
            | Self::Linkedin
            | Self::Phone
            | Self::Executive
            | Self::DirectMail => true,
            Self::Task | Self::Audience | Self::Crm => false,
        }
    }

    /// True if somebody of ours does it, and winback only asks.
    pub const fn is_task(self) -> bool {
        matches!(self, Self::Linkedin | Self::Phone | Self::Executive | Self::DirectMail | Self::Task)
    }

    /// True if its text has a subject.
    pub const fn has_subject(self) -> bool {
        matches!(self, Self::Email | Self::Webhook | Self::Executive | Self::DirectMail | Self::Task)
    }

    /// True if it needs words.
    pub const fn has_text(self) -> bool {
        self.is_to_person() || matches!(self, Self::Task)
    }
}

closed_enum! {
    /// Something that an account was not told yet.
    News {
        /// A release of ours.
        Release = "release",
        /// Public news about them in the evidence, such as a round.
        Signal = "signal",
        /// A story, a figure or a demo of the library.
        Proof = "proof",
        /// The offer of the step.
        Offer = "offer",
    }
}

closed_enum! {
    /// An offer, of the ladder from help to money.
    OfferKind {
        /// A look at a feature before others have it.
        EarlyAccess = "early_access",
        /// The product for a while, without risk.
        Trial = "trial",
        /// A higher plan for a while.
        HigherPlan = "higher_plan",
        /// Somebody who sets it up with them.
        Onboarding = "onboarding",
        /// Their data moved for them.
        Migration = "migration",
        /// Help with the change from another tool.
        SwitchingHelp = "switching_help",
        /// A success manager with a name.
        SuccessManager = "success_manager",
        /// Answers before others.
        PrioritySupport = "priority_support",
        /// Material and people that make it work.
        SuccessResource = "success_resource",
        /// The money back in the first time.
        MoneyBack = "money_back",
        /// By the month at first.
        MonthlyFirst = "monthly_first",
        /// A price that grows with use.
        GraduatedPrice = "graduated_price",
        /// Less to pay; only for those who left for the price.
        Discount = "discount",
    }
}

closed_enum! {
    /// A person's reaction to an earlier touch, or the lack of it.
    Engaged {
        /// Opened one.
        Opened = "opened",
        /// Clicked in one.
        Clicked = "clicked",
        /// Opened none.
        NotOpened = "not_opened",
        /// Clicked in none.
        NotClicked = "not_clicked",
    }
}

closed_enum! {
    /// The kind of proof.
    ProofKind {
        /// A customer's story.
        Story = "story",
        /// A measured result.
        Figure = "figure",
        /// A demo to look at.
        Demo = "demo",
    }
}

closed_enum! {
    /// An answer that ends a sequence.
    End {
        /// They wrote back.
        Replied = "replied",
        /// They agreed to meet.
        MeetingBooked = "meeting_booked",
        /// They said no.
        Declined = "declined",
        /// Nobody is left who may be written to.
        OptedOut = "opted_out",
        /// They came back.
        Reactivated = "reactivated",
    }
}

closed_enum! {
    /// The rule that a file breaks (docs/outreach.md).
    Rule {
        /// The accounts that are enrolled.
        Enrol = "S1",
        /// Days, hours and gaps.
        Due = "S2",
        /// Conditions of a step.
        Condition = "S3",
        /// The most touches.
        Caps = "S7",
        /// Offers, claims and words.
        Content = "S8",
        /// Experiments.
        Arms = "S10",
        /// Languages.
        Language = "S11",
        /// The accounts that came back.
        Return = "S13",
    }
}
