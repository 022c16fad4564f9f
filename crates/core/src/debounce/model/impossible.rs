//! The reasons that an account cannot come back.

use crate::closed_enum;
use crate::index::Method;
use crate::signal::{KindTrait, SignalKind};

closed_enum! {
    /// The reason that an account cannot come back (DOMAIN, *Accounts*, the reasons that are impossible).
    Impossible {
        /// It is no more.
        Bankrupt = "bankrupt",
        /// Bought by a company that uses another tool.
        AcquiredOtherTool = "acquired_other_tool",
        /// They do no longer what the product is for.
        FunctionGone = "function_gone",
        /// They built their own.
        InHouseBuild = "in_house_build",
        /// The law forbids it.
        Regulation = "regulation",
    }
}

impl Impossible {
    /// The reason that a signal says: news of the company whose class is one of the list, and that matched by more than
    /// a name, which is too weak to shut an account out.
    pub fn of(kind: SignalKind, class: &str, method: Method) -> Option<Self> {
        Self::parse(class).filter(|_| kind.is(KindTrait::CompanyNews) && method != Method::Name)
    }
}
