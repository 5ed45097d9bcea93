package apps

import (
	"context"
	"net/http"

	"github.com/stowgate/stowgate/internal/account"
	"github.com/stowgate/stowgate/internal/protocol/portal/frame"
)

// deliveryRows are what is done to delivery secrets, on the page about security.
func (p *Pages) deliveryRows() []frame.Row {
	const all = "/apps/{app}/security/delivery"
	return []frame.Row{
		{Method: http.MethodPost, Path: all, Act: account.ChangeSecret, Do: p.addDeliverySecret},
		{Method: http.MethodPost, Path: all + "/{secret}/remove", Act: account.ChangeSecret, Do: p.removeDeliverySecret},
	}
}

func (p *Pages) addDeliverySecret(ctx context.Context, v *frame.Visit) error {
	app, secret, err := p.manage.AddDeliverySecret(ctx, v.Actor, v.App.Key, "")
	if err != nil {
		return p.refused(ctx, v, err)
	}
	v.App = &app
	form, err := p.form(ctx, v)
	if err != nil {
		return err
	}
	form.Delivery = secret
	return p.Show(v, "security", "Security", form)
}

func (p *Pages) removeDeliverySecret(ctx context.Context, v *frame.Visit) error {
	if _, err := p.manage.RemoveDeliverySecret(ctx, v.Actor, v.App.Key, v.Path("secret")); err != nil {
		return p.refused(ctx, v, err)
	}
	return v.Done(v.Link("/security"), "The delivery secret is gone: addresses signed with it are refused.")
}
