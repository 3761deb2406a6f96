"""What a person may fill in about a webshop. Keys are typed and never shown again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as N_

from kassa_office.catalogue import checks
from kassa_office.tills import rollout_words
from kassa_office.tills.models import Branch
from kassa_office.tills.rollout import Fault
from kassa_office.webshops import asking, claims, options
from kassa_office.webshops.models import Webshop

KEY_LABELS: dict[tuple[str, str], str] = {
    ("woocommerce", "key"): N_("Consumer key (ck_…)"),
    ("woocommerce", "secret"): N_("Consumer secret (cs_…)"),
    ("magento", "consumer_key"): N_("Consumer key"),
    ("magento", "consumer_secret"): N_("Consumer secret"),
    ("magento", "token"): N_("Access token"),
    ("magento", "token_secret"): N_("Access token secret"),
    ("prestashop", "key"): N_("Sleutel van de webservice"),
}
LIMITS = {"buffer": (0, 1000), "buffer_max": (0, 10_000), "buffer_silent_minutes": (1, 100_000),
          "poll_seconds": (10, 3600)}  # fmt: skip


class OptionsField(forms.CharField):
    """Lines like ``keys_in_url = true``; the value is what they say."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Bijzonderheden, een per regel: keys_in_url = true"), required=False,
            max_length=options.MAX_CHARS, widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        )  # fmt: skip

    def clean(self, value: Any) -> dict[str, Any]:
        """Every key that is wrong is named."""
        found, faults = options.read(super().clean(value))
        if faults:
            raise forms.ValidationError([_words(fault) for fault in faults])
        return found

    def prepare_value(self, value: Any) -> Any:
        """What is kept, as lines."""
        return options.written(value) if isinstance(value, dict) else value


class ClassesField(forms.CharField):
    """Lines like ``low = reduced-rate``: our VAT code, and the webshop's class for it."""

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Btw-tarieven van de webshop, een per regel: low = reduced-rate"), required=False,
            max_length=options.MAX_CHARS, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        )  # fmt: skip

    def clean(self, value: Any) -> dict[str, str]:
        """Codes that there are, each once."""
        found: dict[str, str] = {}
        for line in str(super().clean(value)).splitlines():
            code, sign, name = (part.strip() for part in line.partition("="))
            if not (code or sign or name):
                continue
            if not sign or not code or code in found:
                raise forms.ValidationError(_("Zo, een btw-code per regel: low = reduced-rate"))
            checks.vat_code(code)
            found[code] = name.strip("\"'")
        return found

    def prepare_value(self, value: Any) -> Any:
        """What is kept, as lines."""
        return "".join(f"{code} = {name}\n" for code, name in value.items()) if isinstance(value, dict) else value


class KeysForm(forms.Form):
    """The keys of one kind of webshop."""

    def __init__(self, kind: str, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.names = asking.CREDENTIALS[kind]
        for name in self.names:
            self.fields[f"key_{name}"] = forms.CharField(
                label=_(KEY_LABELS[kind, name]), max_length=200,
                widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )  # fmt: skip

    @property
    def keys(self) -> dict[str, str]:
        """Name → what was typed."""
        return {name: self.cleaned_data[f"key_{name}"] for name in self.names}


class AddForm(KeysForm):
    """A new webshop."""

    url = forms.CharField(label=gettext_lazy("Adres, zoals de webshop zichzelf noemt"), max_length=300,
                          widget=forms.URLInput(attrs={"placeholder": "https://"}))  # fmt: skip
    branch = forms.ModelChoiceField(Branch.objects.none(), label=gettext_lazy("Filiaal dat verkoopt"))
    name = forms.CharField(label=gettext_lazy("Naam (leeg: zoals de webshop zich noemt)"), max_length=80,
                           required=False)  # fmt: skip
    code = forms.CharField(label=gettext_lazy("Code in de boeken (leeg: WEB)"), max_length=8, required=False)
    options = OptionsField()

    def __init__(self, kind: str, *given: Any, **more: Any) -> None:
        super().__init__(kind, *given, **more)
        field = self.fields["branch"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Branch.objects.filter(active=True)

    def clean_code(self) -> str:
        """Capitals and figures."""
        code = str(self.cleaned_data["code"]).strip().upper()
        if code and not claims.CODE.fullmatch(code):
            raise forms.ValidationError(_("Een hoofdletter, en dan hoogstens zeven hoofdletters en cijfers."))
        return code


class SettingsForm(forms.ModelForm):  # type: ignore[type-arg]
    """What was settled about a webshop that the office talks to."""

    options = OptionsField()
    vat_classes = ClassesField()

    class Meta:
        model = Webshop
        fields = ("name", "url", "active", "stock", "all_branches", "buffer", "buffer_max", "buffer_silent_minutes",
                  "prices", "vat", "vat_classes", "eans", "acknowledge", "poll_seconds", "options")  # fmt: skip

    def __init__(self, *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        for name, (least, most) in LIMITS.items():
            self.fields[name].widget.attrs |= {"min": least, "max": most}

    def clean_url(self) -> str:
        """As it is kept; another address is asked with the keys there are."""
        url = str(self.cleaned_data["url"]).strip().rstrip("/")
        if not url.startswith(("https://", "http://")) or "@" in url or any(sign.isspace() for sign in url):
            raise forms.ValidationError(_("Zo: https://winkel.example.nl"))
        return url

    def clean(self) -> dict[str, Any]:
        """Numbers within what the engine takes."""
        found: dict[str, Any] = super().clean() or {}
        for name, (least, most) in LIMITS.items():
            if isinstance(found.get(name), int) and not least <= found[name] <= most:
                self.add_error(name, _("Van %(least)d tot en met %(most)d.") % {"least": least, "most": most})
        others = Webshop.objects.exclude(pk=self.instance.pk)
        for name in ("prices", "vat", "eans"):
            # Two that say otherwise would change an article to and fro.
            if found.get(name) == "pull" and (other := others.filter(**{name: "pull"}).first()) is not None:
                self.add_error(name, _("Die komen al van webshop %s.") % other.till_id)
        return found


def _words(fault: options.Fault) -> str:
    if fault.code == "not_toml":
        return _("Dit is niet te lezen: %(detail)s. Zo: keys_in_url = true") % fault.facts
    if fault.code == "unknown_key":
        return _("%(key)s bestaat niet bij webshops.") % fault.facts
    known = fault.code if fault.code in rollout_words.FAULTS else "wrong_type"
    return rollout_words.fault(Fault(known, facts=fault.facts))
