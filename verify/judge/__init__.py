"""From what a pod answered to a verdict: a class for each expectation. No cluster is asked here."""

from verify.judge.ambassador import AnsweredByAmbassador, Routed, RoutedTo
from verify.judge.identities import ClientIdentity, GatewayCertificate, ServerIdentity
from verify.judge.refusals import ExportRefused, NoName, NotServed, Refused, WrongCertificateRefused
from verify.judge.requests import AllAnsweredBy, ExportAnswered, Gives, MirrorMade, PodReady
from verify.judge.verdict import Answer, Expectation, Verdict, skipped

__all__ = [
    "AllAnsweredBy",
    "Answer",
    "AnsweredByAmbassador",
    "ClientIdentity",
    "Expectation",
    "ExportAnswered",
    "ExportRefused",
    "GatewayCertificate",
    "Gives",
    "MirrorMade",
    "NoName",
    "NotServed",
    "PodReady",
    "Refused",
    "Routed",
    "RoutedTo",
    "ServerIdentity",
    "Verdict",
    "WrongCertificateRefused",
    "skipped",
]
