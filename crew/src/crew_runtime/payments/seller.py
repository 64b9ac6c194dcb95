"""Who is paid for a job, and by which contract: that depends on the identifier under which it is sold."""

from dataclasses import dataclass

from crew_runtime.declared.payment_declaration import PaymentDeclaration
from crew_runtime.machine.identity import Identity


@dataclass(frozen=True, slots=True)
class Seller:
    """The contract and the wallet (its key's hash, or "" if unknown) that an agent's settings name."""

    payment: PaymentDeclaration
    vkey: str = ""

    def under(self, identity: Identity) -> "Seller":
        """Return who is paid under an identity.

        The settings may be ahead of it: an agent that moves to another wallet is started with that one, and keeps its
        identifier until the new one is confirmed.
        """
        kind = identity.payment_source_type
        return Seller(self.payment.of_type(kind) if kind else self.payment, identity.seller_vkey or self.vkey)
